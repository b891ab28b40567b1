/** Invitations end with the right to make them: a link does not outlive the role of its maker. */

import { type AdminContext, auditDraft } from '../admin/context.ts'
import type { AuditDraft } from '../records/audit-entry.ts'
import type { Invitation, Role } from '../records/member.ts'
import type { EndedInvitation } from '../store/ports/members.ts'
import { mayInvite } from './role-rules.ts'

/**
 * Those that the person made and could not make now.
 *
 * @param role after the change; null: none.
 * @param invitations of the organization.
 */
export function endedInvitations(
  person_id: string,
  role: Role | null,
  invitations: readonly Invitation[],
  context: AdminContext<unknown>,
): EndedInvitation[] {
  return invitations
    .filter((one) => one.invited_by === person_id)
    .filter((one) => role === null || !mayInvite(role, one.role))
    .map((one) => ({ invitation_id: one.invitation_id, audit: auditRevoked(one, context) }))
}

export function auditRevoked(invitation: Invitation, context: AdminContext<unknown>): AuditDraft {
  const { invitation_id: id, org_id, email, role } = invitation
  return auditDraft(context, {
    action: 'invitation.revoked',
    target: { type: 'invitation', id },
    org_id,
    environment: null,
    before: { email, role },
    after: null,
  })
}
