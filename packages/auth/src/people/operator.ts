/** What the operator does with accounts, on the server's machine (`miot people`). */

import { type AdminContext, auditDraft } from '../admin/context.ts'
import { AdminError } from '../errors/admin-error.ts'
import type { EncryptionKeys } from '../keys/encryption-keys.ts'
import type { AuditAction, AuditDraft } from '../records/audit-entry.ts'
import type { Member, Membership } from '../records/member.ts'
import { createAccounts } from './accounts.ts'
import { personCutOffs } from './cut-off.ts'
import type { PeopleStore } from './deps.ts'
import { endedInvitations } from './ended-invitations.ts'
import { linkOf } from './messages.ts'
import { peopleSql } from './sql.ts'

type Operator = AdminContext<PeopleStore>

export interface PersonView {
  readonly person_id: string
  readonly email: string
  readonly name: string
  readonly email_verified: boolean
  readonly two_factor_enabled: boolean
  readonly disabled: boolean
  /** ISO 8601. */
  readonly created_at: string
  /** When one of its sessions was last used, to about an hour; null: it has none. */
  readonly last_seen_at: string | null
}

const VIEW = `SELECT p.id, p.email, p.name, p.email_verified, p.two_factor_enabled, p.disabled,
     p.created_at,
     (SELECT max(s.updated_at) FROM {people_sessions} s WHERE s.person_id = p.id) AS last_seen_at
   FROM {people} p`

/** In order of the address. */
export async function listPeople({ store }: Operator): Promise<PersonView[]> {
  const { rows } = await peopleSql(store.accounts)(`${VIEW} ORDER BY p.email`)
  return rows.map(viewOf)
}

/** @param named an e-mail address or an id. @throws AdminError `not_found`. */
export async function getPerson(
  named: string,
  { store }: Operator,
): Promise<PersonView & { readonly organizations: readonly Membership[] }> {
  const text = `${VIEW} WHERE p.id = ? OR p.email = ?`
  const { rows } = await peopleSql(store.accounts)(text, named, named.trim().toLowerCase())
  if (rows[0] === undefined) {
    throw new AdminError('not_found', `There is no account ${named.slice(0, 100)}`)
  }
  const person = viewOf(rows[0])
  return { ...person, organizations: await store.listMemberships(person.person_id) }
}

/** A link to choose a new password; it works once, for an hour. @throws AdminError `not_found`. */
export async function createResetLink(
  named: string,
  context: Operator,
  { encryptionKeys, issuer }: { encryptionKeys: EncryptionKeys; issuer: string },
): Promise<{ person: PersonView; link: string }> {
  const person = await getPerson(named, context)
  const accounts = createAccounts({
    store: context.store,
    keys: () => ({ inUse: encryptionKeys.keysInUse.accounts, other: null }),
    requireVerification: false,
    onLog: () => {},
  })
  const issued = await (await accounts()).issueReset(person.email)
  if (issued === null) throw new Error(`${person.person_id} got no link`)
  return { person, link: linkOf(issuer, 'reset', issued.token) }
}

/** Ends the person's sessions and tokens, in every instance at once. */
export function disablePerson(person: PersonView, context: Operator): Promise<void> {
  return update(person, { disabled: true, endSessionsBut: null }, 'person.disabled', context)
}

export function enablePerson(person: PersonView, context: Operator): Promise<void> {
  return update(person, { disabled: false }, 'person.enabled', context)
}

export function signOutPerson(person: PersonView, context: Operator): Promise<void> {
  return update(person, { endSessionsBut: null }, 'person.sessions_ended', context)
}

async function update(
  { person_id, email }: PersonView,
  change: { readonly disabled?: boolean; readonly endSessionsBut?: null },
  action: AuditAction,
  context: Operator,
): Promise<void> {
  const { store } = context
  const audit = draft(action, person_id, null, { email }, context)
  const ends = 'endSessionsBut' in change && { endTokens: personCutOffs(person_id, context) }
  const updated = await store.updatePerson(person_id, () => ({ ...change, audit, ...ends }))
  if (updated === null) throw new AdminError('not_found', `There is no account ${person_id}`)
}

/**
 * Removes the account, with its sessions, tokens and memberships. A refused removal has changed
 * nothing, unless an organization lost its other owner while it was running.
 *
 * @throws AdminError `conflict` for the only owner of an organization with other members.
 */
export async function removePerson(
  { person_id, email, organizations }: Awaited<ReturnType<typeof getPerson>>,
  context: Operator,
): Promise<void> {
  const { store } = context
  const person = { person_id, email }
  for (const organization of organizations) {
    assertMayLose(organization, await store.listMembers(organization.org_id), person)
  }
  for (const organization of organizations) {
    const { org_id } = organization
    const endTokens = personCutOffs(person_id, context)
    await store.updateMember(org_id, (members, invitations) => {
      assertMayLose(organization, members, person)
      const audit = draft('member.removed', person_id, org_id, { email }, context)
      const endInvitations = endedInvitations(person_id, null, invitations, context)
      return { person_id, role: null, audit, endTokens, endInvitations }
    })
  }
  await signOutPerson(person as PersonView, context)
  await peopleSql(store.accounts)('DELETE FROM {people} WHERE id = ?', person_id)
  await store.recordAudit(draft('person.removed', person_id, null, { email }, context))
}

function assertMayLose(
  { name }: Membership,
  members: readonly Member[],
  { person_id, email }: Pick<PersonView, 'person_id' | 'email'>,
): void {
  const others = members.filter((one) => one.person_id !== person_id)
  if (others.length === 0 || others.some(({ role }) => role === 'owner')) return
  throw new AdminError(
    'conflict',
    `${email} is the only owner of ${name}, which has other members: make one of them owner first`,
  )
}

function draft(
  action: AuditAction,
  person_id: string,
  org_id: string | null,
  before: unknown,
  context: Operator,
): AuditDraft {
  const type = org_id === null ? 'person' : 'member'
  return auditDraft(context, {
    ...{ action, target: { type, id: person_id } },
    ...{ org_id, environment: null, before, after: null },
  })
}

function viewOf(row: Record<string, unknown>): PersonView {
  return {
    person_id: String(row.id),
    email: String(row.email),
    name: String(row.name),
    email_verified: row.email_verified === 1,
    two_factor_enabled: row.two_factor_enabled === 1,
    disabled: row.disabled === 1,
    created_at: String(row.created_at),
    last_seen_at: row.last_seen_at === null ? null : String(row.last_seen_at),
  }
}
