/** What a person who signs up becomes a member of, and what an invitation's link offers. */

import { AdminError } from '../errors/admin-error.ts'
import type { Caller, PeopleDeps } from './deps.ts'
import {
  acceptInvitation as accept,
  type InvitationOffer,
  lookUpInvitation as lookUp,
} from './invitations.ts'
import {
  type ActingPerson,
  claimInstallation as claim,
  renameOrganization,
} from './organizations.ts'
import { PeopleError } from './people-error.ts'
import { personContext } from './person-context.ts'

/** Of a new installation's organization, when the person entered none and there is none. */
const DEFAULT_ORGANIZATION = 'My organization'

/**
 * Takes over the installation: its organization, with the clients that the first start made.
 *
 * @param name of the organization; null: it keeps its own.
 * @throws PeopleError `sign_up_closed` when another account was faster.
 */
export async function claimInstallation(
  person: ActingPerson,
  name: string | null,
  caller: Caller,
  deps: PeopleDeps,
): Promise<void> {
  const context = personContext(person, caller, deps)
  const owner = await claim(person, name ?? DEFAULT_ORGANIZATION, context)
  if (owner === null) throw new PeopleError('sign_up_closed')
  if (name !== null) await renameOrganization(owner.org_id, name, context)
}

/**
 * What a link offers.
 *
 * @param email the address it has to be for; null: any.
 * @throws PeopleError `invitation_ended`.
 */
export async function findInvitation(
  token: string,
  email: string | null,
  caller: Caller,
  deps: PeopleDeps,
): Promise<InvitationOffer> {
  const noPerson = { person_id: '', email: '' }
  const offer = await lookUp(token, personContext(noPerson, caller, deps))
  if (offer === null || (email !== null && offer.email !== email)) {
    throw new PeopleError('invitation_ended')
  }
  return offer
}

/** Uses up the invitation. @throws PeopleError `invitation_ended`; AdminError `conflict`. */
export async function acceptInvitation(
  token: string,
  person: ActingPerson,
  caller: Caller,
  deps: PeopleDeps,
): Promise<void> {
  try {
    await accept(token, person, personContext(person, caller, deps))
  } catch (error) {
    if (!(error instanceof AdminError)) throw error
    throw error.code === 'not_found' ? new PeopleError('invitation_ended') : error
  }
}
