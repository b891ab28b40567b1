/** Reads the claims of one of our tokens, for any audience. */

import { type AccessTokenClaims, OAuthError } from '@modulariot/oauth/protocol'
import type { Verifier } from '@modulariot/oauth/resource-server'

export interface ReadTokenDeps {
  /** For our own tokens, of any audience. */
  readonly ownVerifier: Verifier
}

/**
 * The claims, or null for anything that is not a valid token of ours: another issuer's, expired,
 * altered, revoked, or not a token.
 *
 * @throws OAuthError `temporarily_unavailable` (503) when that cannot be determined.
 */
export async function readToken(
  token: string,
  { ownVerifier }: ReadTokenDeps,
): Promise<AccessTokenClaims | null> {
  // The verifier reads a header, which may have blanks before the token; here there is no such
  // freedom.
  if (!/^[\w.-]+$/.test(token)) return null
  try {
    return await ownVerifier.verify(`Bearer ${token}`)
  } catch (error) {
    if (error instanceof OAuthError && error.status < 500) return null
    throw error
  }
}
