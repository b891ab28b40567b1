/** What a token may be allowed to do at the admin API. */

export const ADMIN_SCOPES = [
  'clients:read',
  'clients:write',
  'audiences:read',
  'audit:read',
  'usage:read',
] as const

export type AdminScope = (typeof ADMIN_SCOPES)[number]

export function isAdminScope(scope: string): boolean {
  return ADMIN_SCOPES.some((name) => name === scope)
}

/** The admin API's own audience. */
export function adminAudience(issuer: string): string {
  return `${issuer}/admin/v1`
}
