/** A further organization of a person, where everyone may create one. */

import { addressBlock } from '@modulariot/platform/net'
import { assertNoLink } from '../text/plain-text.ts'
import type { Caller, PeopleDeps } from './deps.ts'
import { createOrganizationOf } from './organizations.ts'
import { PeopleError } from './people-error.ts'
import { personContext } from './person-context.ts'
import type { OwnSession } from './sessions.ts'

/** Organizations that one person may be a member of and still create another. */
export const MAX_ORGANIZATIONS = 20

/**
 * @throws PeopleError `organizations_closed`, `too_many_organizations`, `too_many_requests`;
 *   AdminError about the name.
 */
export async function createOrganization(
  name: string,
  session: OwnSession,
  caller: Caller,
  deps: PeopleDeps,
): Promise<void> {
  if (deps.signUp !== 'open') throw new PeopleError('organizations_closed')
  assertNoLink('name', name)
  const attempt = ['signUps', addressBlock(caller.address)] as const
  deps.limits.assertWithin(attempt)
  deps.limits.spend(attempt)
  const memberships = await deps.store.listMemberships(session.person_id)
  if (memberships.length >= MAX_ORGANIZATIONS) throw new PeopleError('too_many_organizations')
  await createOrganizationOf(session, name, personContext(session, caller, deps))
}
