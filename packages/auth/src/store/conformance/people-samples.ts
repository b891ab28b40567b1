/** Persons, members and invitations for testing stores. */

import type { Invitation, Member } from '../../records/member.ts'
import { SAMPLE_TIME } from '../../testing/sample-client.ts'
import type { Audited } from '../ports/audited-change.ts'
import type { MemberChange } from '../ports/members.ts'
import type { AuthStore } from '../store.ts'
import { draftOf, newOrganization, ORGANIZATION } from './samples.ts'

const { org_id } = ORGANIZATION
export const LATER = '2099-01-01T00:00:00.000Z'

/** Writes an account as better-auth does, with one session, `session_<id>`. */
export async function signUp(store: AuthStore, id: string, expires_at = LATER): Promise<void> {
  const { dialect, run } = store.accounts
  const [schema, values] =
    dialect === 'postgres' ? ['auth.', '$1, $2, $3, 1, $4, $5'] : ['', '?, ?, ?, 1, ?, ?']
  await run(
    `INSERT INTO ${schema}people (id, name, email, email_verified, created_at, updated_at)
     VALUES (${values})`,
    [id, `Name of ${id}`, `${id}@example.com`, SAMPLE_TIME, SAMPLE_TIME],
  )
  await signIn(store, id, expires_at, `session_${id}`)
}

export async function signIn(
  store: AuthStore,
  person_id: string,
  expires_at: string,
  session_id: string,
): Promise<void> {
  const { dialect, run } = store.accounts
  const [schema, values] =
    dialect === 'postgres' ? ['auth.', '$1, $2, $3, $4, $5, $6'] : ['', '?, ?, ?, ?, ?, ?']
  await run(
    `INSERT INTO ${schema}people_sessions
       (id, person_id, token, expires_at, created_at, updated_at) VALUES (${values})`,
    [session_id, person_id, `token of ${session_id}`, expires_at, SAMPLE_TIME, SAMPLE_TIME],
  )
}

export const memberDraft = (person_id: string, action: 'member.added' | 'member.removed') =>
  draftOf({ action, target: { type: 'member', id: person_id }, environment: null })

export function newMember(person_id: string, changes: Partial<Member> = {}): Audited<Member> {
  const value: Member = { org_id, person_id, role: 'owner', created_at: SAMPLE_TIME, ...changes }
  return { value, audit: memberDraft(person_id, 'member.added') }
}

export function newInvitation(changes: Partial<Invitation> = {}): Audited<Invitation> {
  const value: Invitation = {
    invitation_id: 'invitation_1',
    org_id,
    email: 'new@example.com',
    role: 'viewer',
    token_digest: 'digest_1',
    expires_at: LATER,
    created_at: SAMPLE_TIME,
    invited_by: null,
    ...changes,
  }
  const target = { type: 'invitation', id: value.invitation_id } as const
  return { value, audit: draftOf({ action: 'invitation.created', target, environment: null }) }
}

/** The organization with these owners. */
export async function found(store: AuthStore, ...owners: readonly string[]): Promise<void> {
  for (const id of owners) await signUp(store, id)
  const [first, ...others] = owners.map((id) => newMember(id))
  if (first === undefined) throw new Error('an organization has an owner')
  await store.createOrganizationOf(newOrganization(), first)
  for (const [index, member] of others.entries()) {
    const token_digest = `owner ${index}`
    await store.createInvitation(org_id, () =>
      newInvitation({ invitation_id: token_digest, token_digest, email: token_digest }),
    )
    await store.acceptInvitation(token_digest, () => member)
  }
}

/** Removes the member unless it is the last owner. */
export const leave =
  (person_id: string) =>
  (members: readonly Member[]): MemberChange | null => {
    const owners = members.filter(({ role }) => role === 'owner')
    if (owners.length < 2) throw new Error('the last owner stays')
    return { person_id, role: null, audit: memberDraft(person_id, 'member.removed') }
  }
