/** The organization that a person entered when signing up, once the address is verified. */

import type { Caller, PeopleDeps } from './deps.ts'
import { type ActingPerson, createOrganizationOf } from './organizations.ts'
import { personContext } from './person-context.ts'
import { takeOrganizationName } from './sign-up-names.ts'

/** Creates it, with the person as its owner; once, and not at all where no name was kept. */
export async function createKeptOrganization(
  person: ActingPerson,
  caller: Caller,
  deps: PeopleDeps,
): Promise<void> {
  const name = await takeOrganizationName(person.person_id, deps)
  if (name !== null) await createOrganizationOf(person, name, personContext(person, caller, deps))
}
