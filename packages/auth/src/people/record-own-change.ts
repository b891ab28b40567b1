/** Puts a change of a person's own account on the audit trail. */

import { auditDraft } from '../admin/context.ts'
import type { AuditAction } from '../records/audit-entry.ts'
import type { PersonChange } from '../store/ports/members.ts'
import { personCutOffs } from './cut-off.ts'
import type { Caller, PeopleDeps } from './deps.ts'
import type { ActingPerson } from './organizations.ts'
import { personContext } from './person-context.ts'

export async function recordOwnChange(
  action: AuditAction,
  person: ActingPerson,
  caller: Caller,
  deps: PeopleDeps,
): Promise<void> {
  await deps.store.recordAudit(draft(action, person, caller, deps))
}

/** Ends the person's access tokens too, in the unit of the entry. */
export async function recordOwnSignOut(
  action: AuditAction,
  person: ActingPerson,
  /** Which sessions end; none: better-auth has ended them already. */
  sessions: Pick<PersonChange, 'endSessionsBut' | 'endSession'>,
  caller: Caller,
  deps: PeopleDeps,
): Promise<void> {
  const { person_id } = person
  const endTokens = personCutOffs(person_id, deps)
  const audit = draft(action, person, caller, deps)
  await deps.store.updatePerson(person_id, () => ({ ...sessions, audit, endTokens }))
}

function draft(action: AuditAction, person: ActingPerson, caller: Caller, deps: PeopleDeps) {
  return auditDraft(personContext(person, caller, deps), {
    action,
    target: { type: 'person', id: person.person_id },
    ...{ org_id: null, environment: null, before: null, after: null },
  })
}
