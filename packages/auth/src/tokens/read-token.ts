/** What a token of ours says, whatever it is for. */

import { type AccessTokenClaims, OAuthError } from '@modulariot/oauth/protocol'
import type { Verifier } from '@modulariot/oauth/resource-server'

export interface ReadTokenDeps {
  /** Of our own tokens, for any audience. */
  readonly ownVerifier: Verifier
}

/**
 * The claims, or null for what is no living token of ours: another's, expired, altered, revoked, or
 * no token at all.
 *
 * @throws OAuthError `temporarily_unavailable` (503) when it cannot be known.
 */
export async function readToken(
  token: string,
  { ownVerifier }: ReadTokenDeps,
): Promise<AccessTokenClaims | null> {
  // A header may have more blanks before the token; here it has one spelling.
  if (!/^[\w.-]+$/.test(token)) return null
  try {
    return await ownVerifier.verify(`Bearer ${token}`)
  } catch (error) {
    if (error instanceof OAuthError && error.status < 500) return null
    throw error
  }
}
