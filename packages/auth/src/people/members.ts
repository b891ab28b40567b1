/** Use cases for the members of an organization. Every change is in the trail. */

import { type AdminContext, auditDraft } from '../admin/context.ts'
import { AdminError } from '../errors/admin-error.ts'
import type { AuditAction } from '../records/audit-entry.ts'
import type { Invitation, ListedMember, Member, Role } from '../records/member.ts'
import type { MemberChange, MemberStore } from '../store/ports/members.ts'
import { personCutOffs } from './cut-off.ts'
import { endedInvitations } from './ended-invitations.ts'
import { assertHasOwner, assertMayGive } from './role-rules.ts'

export function listMembers(
  org_id: string,
  { store }: AdminContext<MemberStore>,
): Promise<readonly ListedMember[]> {
  return store.listMembers(org_id)
}

/**
 * @throws AdminError `not_found`; `forbidden` when the caller lacks what the old or the new role
 *   allows; `conflict` for the last owner.
 */
export async function changeRole(
  org_id: string,
  person_id: string,
  role: Role,
  context: AdminContext<MemberStore>,
): Promise<ListedMember> {
  const member = await findMember(org_id, person_id, context)
  const update = (
    members: readonly Member[],
    invitations: readonly Invitation[],
  ): MemberChange | null => {
    const current = memberIn(members, person_id)
    if (!isSelf(person_id, context)) assertMayGive(current.role, context)
    assertMayGive(role, context)
    if (current.role === role) return null
    assertHasOwner(members.map((one) => (one.person_id === person_id ? { role } : one)))
    const entry = { action: 'member.role_changed', before: { role: current.role } } as const
    const audit = auditMember(context, org_id, person_id, { ...entry, after: { role } })
    const endTokens = personCutOffs(person_id, context)
    const endInvitations = endedInvitations(person_id, role, invitations, context)
    return { person_id, role, audit, endTokens, endInvitations }
  }
  await context.store.updateMember(org_id, update, context.authority)
  return { ...member, role }
}

/**
 * Removes a member, whose sessions go on in other organizations. A member may always leave, unless
 * it is the last owner.
 *
 * @returns the member as it was.
 * @throws AdminError `insufficient_scope` for another member without `members:write`; as
 *   `changeRole`.
 */
export async function removeMember(
  org_id: string,
  person_id: string,
  context: AdminContext<MemberStore>,
): Promise<ListedMember> {
  if (!isSelf(person_id, context)) assertMayWrite(context)
  const member = await findMember(org_id, person_id, context)
  const remove = (members: readonly Member[], invitations: readonly Invitation[]): MemberChange => {
    const { role } = memberIn(members, person_id)
    if (!isSelf(person_id, context)) assertMayGive(role, context)
    assertHasOwner(members.filter((one) => one.person_id !== person_id))
    const entry = { action: 'member.removed', before: { email: member.email, role } } as const
    const audit = auditMember(context, org_id, person_id, { ...entry, after: null })
    const endTokens = personCutOffs(person_id, context)
    const endInvitations = endedInvitations(person_id, null, invitations, context)
    return { person_id, role: null, audit, endTokens, endInvitations }
  }
  await context.store.updateMember(org_id, remove, context.authority)
  return member
}

function isSelf(person_id: string, { actor }: AdminContext<unknown>): boolean {
  return actor.kind === 'person' && actor.person_id === person_id
}

function assertMayWrite({ scopes }: AdminContext<unknown>): void {
  if (scopes === null || scopes.includes('members:write')) return
  throw new AdminError('insufficient_scope', 'The scope members:write is required')
}

async function findMember(
  org_id: string,
  person_id: string,
  { store }: AdminContext<MemberStore>,
): Promise<ListedMember> {
  return memberIn(await store.listMembers(org_id), person_id)
}

function memberIn<Found extends Member>(members: readonly Found[], person_id: string): Found {
  const member = members.find((one) => one.person_id === person_id)
  if (member !== undefined) return member
  throw new AdminError(
    'not_found',
    `There is no member ${person_id.slice(0, 100)}`,
    'There is no such member',
  )
}

function auditMember(
  context: AdminContext<unknown>,
  org_id: string,
  id: string,
  what: { readonly action: AuditAction; readonly before: unknown; readonly after: unknown },
) {
  const target = { type: 'member', id } as const
  return auditDraft(context, { ...what, target, org_id, environment: null })
}
