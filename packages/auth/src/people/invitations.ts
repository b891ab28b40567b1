/**
 * Use cases for invitations. The link holds 256 random bits, of which only the digest is stored; it
 * is used once, within a week, by the account with the address it was made for.
 *
 * A link that is mailed is in no answer: only the mailbox has it, so its holder has the address.
 * Its token says that it was mailed, which the digest covers.
 */

import { createHash, randomBytes } from 'node:crypto'
import { type AdminContext, auditDraft } from '../admin/context.ts'
import { createId } from '../clients/secret.ts'
import { AdminError, invalidInput } from '../errors/admin-error.ts'
import type { Invitation, InvitationView, Member, Role } from '../records/member.ts'
import type { Audited } from '../store/ports/audited-change.ts'
import type { MemberStore } from '../store/ports/members.ts'
import type { OrganizationStore } from '../store/ports/organizations.ts'
import { isEmail, normalizeEmail } from './account-email.ts'
import { auditRevoked } from './ended-invitations.ts'
import type { Mailer } from './mailer-port.ts'
import { invitationMessage } from './messages.ts'
import { type ActingPerson, actingFor, auditedMember, getOrganization } from './organizations.ts'
import type { PeopleLimits, Spending } from './people-limits.ts'
import { assertMayGive } from './role-rules.ts'

const MAILED = 'm.'
const INVITATION_MS = 7 * 86_400_000
/** Of one organization at a time: each may be a mail to a stranger. */
const MAX_INVITATIONS = 100
/** Of one organization; lists have no pages. */
export const MAX_MEMBERS = 1000

export interface InvitationDeps {
  /** Null: links are shown instead of mailed. */
  readonly mailer: Mailer | null
  /** Of mails to one recipient, and from one organization; null: none. */
  readonly limits: PeopleLimits | null
  /** The page of the console that accepts the token. The token is in the fragment. */
  readonly linkOf: (token: string) => string
}

export interface CreatedInvitation {
  readonly invitation: InvitationView
  /** Null: it is mailed. */
  readonly link: string | null
  /** Whether a message with the link is on its way. */
  readonly mailed: boolean
}

/**
 * Invites an address. An earlier invitation of the same address ends.
 *
 * @throws AdminError `forbidden` for a role with more than the caller has; `conflict` when the
 *   address is a member's, or there are too many; `too_many_requests` for messages.
 */
export async function createInvitation(
  org_id: string,
  input: { readonly email: string; readonly role: Role },
  context: AdminContext<MemberStore & OrganizationStore>,
  deps: InvitationDeps,
): Promise<CreatedInvitation> {
  assertMayGive(input.role, context)
  const { name } = await getOrganization(org_id, context)
  const token = newToken(deps.mailer !== null)
  const { actor } = context
  const invited_by = actor.kind === 'person' ? actor.person_id : null
  const invitation = newInvitation(org_id, { ...input, invited_by }, token, context.now())
  if (deps.mailer !== null) countMail(invitation, deps.limits)
  await context.store.createInvitation(
    org_id,
    ({ members, invitations }) => {
      if (members.some(({ email }) => email === invitation.email)) {
        throw new AdminError('conflict', 'The address belongs to a member already')
      }
      for (const { role } of invitations.filter(({ email }) => email === invitation.email)) {
        assertMayGive(role, context)
      }
      const others = invitations.filter(({ email }) => email !== invitation.email)
      assertRoom(others.length, MAX_INVITATIONS, 'invitations')
      assertRoom(members.length, MAX_MEMBERS, 'members')
      return auditedInvitation(invitation, context)
    },
    context.authority,
  )
  const link = deps.linkOf(token)
  if (deps.mailer === null) return { invitation: viewOf(invitation), link, mailed: false }
  const message = invitationMessage(name, invitation.role, link)
  if (!deps.mailer.queue({ to: invitation.email, ...message })) throw tooManyMessages()
  return { invitation: viewOf(invitation), link: null, mailed: true }
}

function newToken(mailed: boolean): string {
  return `${mailed ? MAILED : ''}${randomBytes(32).toString('base64url')}`
}

/** Whether the link of a valid invitation went to the address itself. */
export function wasMailed(token: string): boolean {
  return token.startsWith(MAILED)
}

function newInvitation(
  org_id: string,
  input: Pick<Invitation, 'email' | 'role' | 'invited_by'>,
  token: string,
  nowMs: number,
): Invitation {
  return {
    invitation_id: createId('invitation'),
    org_id,
    email: addressOf(input.email),
    role: input.role,
    token_digest: digestOf(token),
    expires_at: new Date(nowMs + INVITATION_MS).toISOString(),
    created_at: new Date(nowMs).toISOString(),
    invited_by: input.invited_by,
  }
}

function addressOf(text: string): string {
  const email = normalizeEmail(text)
  if (isEmail(email)) return email
  throw invalidInput('email must be an address such as name@example.com')
}

function assertRoom(count: number, max: number, what: string): void {
  if (count < max) return
  throw new AdminError('conflict', `An organization has at most ${max} ${what}`)
}

function auditedInvitation(value: Invitation, context: AdminContext<unknown>): Audited<Invitation> {
  const { invitation_id: id, org_id, email, role, expires_at } = value
  return {
    value,
    audit: auditDraft(context, {
      action: 'invitation.created',
      target: { type: 'invitation', id },
      org_id,
      environment: null,
      before: null,
      after: { email, role, expires_at },
    }),
  }
}

/** Anyone may have an organization, and invite strangers. @throws AdminError. */
function countMail({ email, org_id }: Invitation, limits: PeopleLimits | null): void {
  const budgets: Spending[] = [
    ['recipient', email],
    ['inviter', org_id],
  ]
  try {
    limits?.assertWithin(...budgets)
  } catch {
    throw tooManyMessages()
  }
  limits?.spend(...budgets)
}

function tooManyMessages(): AdminError {
  return new AdminError('too_many_requests', 'Too many messages were sent; invite later')
}

/** Those that have not expired. */
export async function listInvitations(
  org_id: string,
  { store, now }: AdminContext<MemberStore>,
): Promise<InvitationView[]> {
  const invitations = await store.listInvitations(org_id)
  return invitations.filter((one) => isOpen(one, now())).map(viewOf)
}

/** @throws AdminError `not_found`; `forbidden` for a role with more than the caller has. */
export async function deleteInvitation(
  org_id: string,
  invitation_id: string,
  context: AdminContext<MemberStore>,
): Promise<InvitationView> {
  const { store, authority } = context
  const remove = (invitation: Invitation) => {
    assertMayGive(invitation.role, context)
    return auditRevoked(invitation, context)
  }
  const deleted = await store.deleteInvitation(org_id, invitation_id, remove, authority)
  if (deleted !== null) return viewOf(deleted)
  throw new AdminError(
    'not_found',
    `There is no invitation ${invitation_id.slice(0, 100)}`,
    'There is no such invitation',
  )
}

export interface InvitationOffer extends InvitationView {
  readonly organization_name: string
}

/** What the holder of a link is offered; null: the link is unknown, used, revoked or expired. */
export async function lookUpInvitation(
  token: string,
  context: AdminContext<MemberStore & OrganizationStore>,
): Promise<InvitationOffer | null> {
  const invitation = await context.store.findInvitation(digestOf(token))
  if (invitation === null || !isOpen(invitation, context.now())) return null
  const { name } = await getOrganization(invitation.org_id, context)
  return { ...viewOf(invitation), organization_name: name }
}

/**
 * Makes the person a member, and ends the invitation.
 *
 * @param context of the server; the trail names the person.
 * @throws AdminError `not_found` for a link that is unknown, used, revoked, expired, or for another
 *   address; `conflict` for a member.
 */
export async function acceptInvitation(
  token: string,
  person: ActingPerson,
  context: AdminContext<MemberStore>,
): Promise<Member> {
  const by = actingFor(person, context)
  const accept = (invitation: Invitation, members: readonly Member[]): Audited<Member> => {
    const { email, role, org_id } = invitation
    if (email !== person.email || !isOpen(invitation, context.now())) throw noInvitation()
    if (members.some(({ person_id }) => person_id === person.person_id)) {
      throw new AdminError('conflict', 'You are a member of this organization already')
    }
    assertRoom(members.length, MAX_MEMBERS, 'members')
    return auditedMember(person, role, org_id, by)
  }
  const member = await context.store.acceptInvitation(digestOf(token), accept)
  if (member === null) throw noInvitation()
  return member
}

function noInvitation(): AdminError {
  const message = 'The invitation has expired, was used or revoked, or is for another address'
  return new AdminError('not_found', message, message)
}

function isOpen({ expires_at }: Invitation, nowMs: number): boolean {
  return Date.parse(expires_at) > nowMs
}

/** Random and long, so a fast hash is the right stored form (ADR 4). */
function digestOf(token: string): string {
  if (token.length > 100) throw invalidInput('token is too long')
  return createHash('sha256').update(token).digest('base64url')
}

function viewOf({ token_digest: _, invited_by: __, ...view }: Invitation): InvitationView {
  return view
}
