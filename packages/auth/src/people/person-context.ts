/** A person that acts for itself, as the entries of the audit trail name it. */

import { type AdminContext, systemContext } from '../admin/context.ts'
import type { Caller, PeopleDeps, PeopleStore } from './deps.ts'
import type { ActingPerson } from './organizations.ts'

const NO_DIGESTS = new Uint8Array()

export function personContext(
  { person_id, email }: ActingPerson,
  { address, request_id }: Caller,
  { store, now }: PeopleDeps,
): AdminContext<PeopleStore> {
  return {
    ...systemContext({ store, digestKey: NO_DIGESTS, now }),
    actor: { kind: 'person', person_id, email },
    ...{ address, request_id },
  }
}
