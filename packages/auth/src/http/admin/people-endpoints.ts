/** Organization, members, invitations and keys in the admin API, and the tokens of its pages. */

import { listKeys } from '../../admin/keys.ts'
import { AdminError } from '../../errors/admin-error.ts'
import { createInvitation, deleteInvitation, listInvitations } from '../../people/invitations.ts'
import { changeRole, listMembers, removeMember } from '../../people/members.ts'
import { linkOf } from '../../people/messages.ts'
import { getOrganization, renameOrganization } from '../../people/organizations.ts'
import {
  parseMemberChange,
  parseNewInvitation,
  parseOrganizationChange,
} from '../../people/schemas.ts'
import { issueTelemetryToken, TELEMETRY_USES } from '../../people/telemetry-token.ts'
import type { Organization } from '../../records/client.ts'
import type { InvitationView, ListedMember } from '../../records/member.ts'
import { type AdminCall, callerTenant, jsonBody, param } from './call.ts'

export async function organization(call: AdminCall) {
  return organizationAnswer(call, await getOrganization(orgOf(call), call.context))
}

export async function rename(call: AdminCall) {
  const { name } = parseOrganizationChange(jsonBody(call.request))
  return organizationAnswer(call, await renameOrganization(orgOf(call), name, call.context))
}

export async function members(call: AdminCall) {
  return { members: (await listMembers(orgOf(call), call.context)).map(memberAnswer) }
}

export async function changeMember(call: AdminCall) {
  const { role } = parseMemberChange(jsonBody(call.request))
  const person_id = param(call.request, 'person_id')
  return memberAnswer(await changeRole(orgOf(call), person_id, role, call.context))
}

export async function remove(call: AdminCall) {
  const person_id = param(call.request, 'person_id')
  return memberAnswer(await removeMember(orgOf(call), person_id, call.context))
}

export async function invitations(call: AdminCall) {
  const found = await listInvitations(orgOf(call), call.context)
  return { invitations: found.map(invitationAnswer) }
}

export async function invite(call: AdminCall) {
  const input = parseNewInvitation(jsonBody(call.request))
  const { issuer, mailer, mailLimits: limits } = call.deps
  const created = await createInvitation(orgOf(call), input, call.context, {
    ...{ mailer, limits, linkOf: (token) => linkOf(issuer, 'invitation', token) },
  })
  return { ...created, invitation: invitationAnswer(created.invitation) }
}

export async function revokeInvitation(call: AdminCall) {
  const id = param(call.request, 'invitation_id')
  return invitationAnswer(await deleteInvitation(orgOf(call), id, call.context))
}

/** The installation's, which verify tokens of every organization; without private keys. */
export async function keys({ context, deps: { keyPolicy: policy } }: AdminCall) {
  return { keys: await listKeys({ ...context, policy }) }
}

/** @throws AdminError `forbidden` for a client, which requests its tokens at the token endpoint. */
export function telemetryToken(use: keyof typeof TELEMETRY_USES) {
  return async (call: AdminCall) => {
    const { authority } = call.context
    if (authority?.kind !== 'person') {
      throw new AdminError('forbidden', 'Only for persons; clients use the token endpoint')
    }
    return issueTelemetryToken(authority, callerTenant(call), TELEMETRY_USES[use], call.deps)
  }
}

function orgOf(call: AdminCall): string {
  return callerTenant(call).org_id
}

function organizationAnswer(call: AdminCall, { org_id, name }: Organization) {
  return { org_id, name, environment: callerTenant(call).environment }
}

function memberAnswer({ org_id: _, ...member }: ListedMember) {
  return member
}

function invitationAnswer({ org_id: _, ...invitation }: InvitationView) {
  return invitation
}
