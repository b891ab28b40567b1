/** The audiences of the server's own APIs. */

import type { AudienceStore } from '../store/ports/audiences.ts'
import type { AdminContext } from './context.ts'
import { ensureAudience, updateAudience } from './installation.ts'
import { ADMIN_SCOPES, adminAudience, FEED_SCOPE, feedAudience } from './scopes.ts'

/** Short, since it opens more than telemetry. */
const ADMIN_TOKEN_LIFETIME_SECONDS = 3600

/**
 * Creates them when they are missing. Scopes that a newer version brings are added; clients do not
 * have them.
 */
export async function ensureOwnAudiences(
  issuer: string,
  context: AdminContext<AudienceStore>,
): Promise<void> {
  const own = [
    { audience: adminAudience(issuer), scopes: ADMIN_SCOPES },
    { audience: feedAudience(issuer), scopes: [FEED_SCOPE] },
  ]
  for (const { audience, scopes } of own) {
    const token_lifetime_seconds = ADMIN_TOKEN_LIFETIME_SECONDS
    await ensureAudience(
      { audience, scopes, token_lifetime_seconds, signing_alg: 'RS256', token_typ: 'at+jwt' },
      context,
    )
  }
  const audiences = await context.store.listAudiences()
  for (const { audience, scopes } of own) {
    const known = audiences.find((one) => one.audience === audience)?.scopes ?? scopes
    const add_scopes = scopes.filter((scope) => !known.includes(scope))
    if (add_scopes.length > 0) await updateAudience(audience, { add_scopes }, context)
  }
}
