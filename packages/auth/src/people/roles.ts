/** What a role allows: the scopes of the admin API, by environment. The one table of roles. */

import { ENVIRONMENTS, type Environment } from '@modulariot/oauth/protocol'
import { ADMIN_SCOPES, type AdminScope } from '../admin/scopes.ts'
import type { Role } from '../records/member.ts'

const READS = ADMIN_SCOPES.filter((scope) => scope.endsWith(':read'))
/** Without what belongs to both environments at once: the organization and its members. */
const OF_DEVELOPMENT = ADMIN_SCOPES.filter(
  (scope) => scope !== 'members:write' && scope !== 'organization:write',
)

type Scopes = Readonly<Record<Environment, readonly AdminScope[]>>

/** Only an owner makes or unmakes owners (role-rules.ts); otherwise an admin may do the same. */
export const ROLE_SCOPES: Readonly<Record<Role, Scopes>> = {
  owner: { development: ADMIN_SCOPES, production: ADMIN_SCOPES },
  admin: { development: ADMIN_SCOPES, production: ADMIN_SCOPES },
  developer: { development: OF_DEVELOPMENT, production: [] },
  viewer: { development: READS, production: READS },
}

export function scopesOf(role: Role, environment: Environment): readonly AdminScope[] {
  return ROLE_SCOPES[role][environment]
}

/** Each of the role's powers, as `environment scope`. */
export function powersOf(role: Role): string[] {
  return ENVIRONMENTS.flatMap((environment) =>
    scopesOf(role, environment).map((scope) => `${environment} ${scope}`),
  )
}
