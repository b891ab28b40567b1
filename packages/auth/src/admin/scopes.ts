/** The scopes of the admin API and of the revocation feed. */

export const ADMIN_SCOPES = [
  'clients:read',
  'clients:write',
  'audiences:read',
  'audit:read',
  'usage:read',
  'members:read',
  'members:write',
  'organization:write',
  'keys:read',
] as const

export type AdminScope = (typeof ADMIN_SCOPES)[number]

/** Allows reading the revocation feed, which names clients of every tenant. */
export const FEED_SCOPE = 'revocations:read'

/** True for a scope that only a holder may grant. */
export function isAdminScope(scope: string): boolean {
  return scope === FEED_SCOPE || ADMIN_SCOPES.some((name) => name === scope)
}

/** The feed's audience is the feed's own URL. */
export function feedAudience(issuer: string): string {
  return `${issuer}/oauth2/revocations`
}

/** The admin API's own audience. */
export function adminAudience(issuer: string): string {
  return `${issuer}/admin/v1`
}
