/** Who may give which role, and that an organization keeps an owner. */

import type { AdminContext } from '../admin/context.ts'
import { AdminError } from '../errors/admin-error.ts'
import type { Member, Role } from '../records/member.ts'
import { powersOf } from './roles.ts'

/**
 * Prevents escalation: a role is given, or taken away, only by callers that have all it allows. A
 * role reaches both environments, and a client belongs to one; production, where more is at stake,
 * stands for development too.
 *
 * @throws AdminError `forbidden`.
 */
export function assertMayGive(role: Role, context: AdminContext<unknown>): void {
  const { scopes, actor } = context
  if (scopes === null) return
  if (role === 'owner' && context.role !== 'owner') {
    throw new AdminError('forbidden', 'Only an owner can make or unmake owners')
  }
  const held = new Set(context.role === null ? powersOfClient(context) : powersOf(context.role))
  const missing = powersOf(role).filter((power) => !held.has(power))
  if (missing.length === 0) return
  const who = actor.kind === 'person' ? 'You' : 'This client'
  throw new AdminError('forbidden', `${who} cannot give the role ${role}: ${missing[0]} is missing`)
}

function powersOfClient({ tenant, scopes }: AdminContext<unknown>): string[] {
  if (tenant === null || scopes === null) return []
  const environments =
    tenant.environment === 'production' ? ['production', 'development'] : ['development']
  return environments.flatMap((environment) => scopes.map((scope) => `${environment} ${scope}`))
}

/** Whether a person of the role may invite others to another, or the same, role. */
export function mayInvite(role: Role, to: Role): boolean {
  const held = new Set(powersOf(role))
  if (!held.has('production members:write')) return false
  if (to === 'owner') return role === 'owner'
  return powersOf(to).every((power) => held.has(power))
}

/**
 * @param members as they would be after the change.
 * @throws AdminError `conflict`.
 */
export function assertHasOwner(members: readonly Pick<Member, 'role'>[]): void {
  if (members.some(({ role }) => role === 'owner')) return
  throw new AdminError(
    'conflict',
    'An organization keeps at least one owner; make another member an owner first',
  )
}
