/** Token revocation (RFC 7009 §2): a client puts one of its own tokens on the feed, durably. */

import { OAuthError } from '@modulariot/oauth/protocol'
import type { LoginClient } from '../records/client.ts'
import type { RevokedTokens } from '../store/ports/revocations.ts'
import { type ReadTokenDeps, readToken } from './read-token.ts'

export interface RevokeDeps extends ReadTokenDeps {
  readonly store: RevokedTokens
}

/**
 * Tokens of one client on the feed at once; a client that needs more has all its tokens cut off
 * instead.
 */
const MAX_LIVING = 1000
/** Only expiry makes room, and that takes a while. */
const RETRY_AFTER_SECONDS = 3600

/**
 * Anything that is not a valid token of ours needs no revoking, and is no error (§2.2).
 *
 * @throws OAuthError `invalid_request` (400) for another client's token (§2.1),
 *   `temporarily_unavailable` (429) above the limit; StoreUnavailable, after which the token may
 *   still be valid.
 */
export async function revokeToken(
  token: string,
  caller: LoginClient,
  deps: RevokeDeps,
): Promise<void> {
  const claims = await readToken(token, deps)
  if (claims === null) return
  const { client_id } = caller
  if (claims.client_id !== client_id) {
    throw new OAuthError('invalid_request', 'The token was not issued to this client', 400, {
      kind: 'foreign_token',
      client_id,
    })
  }
  const { jti, exp } = claims
  const outcome = await deps.store.revokeToken({ jti, client_id, expires: exp }, MAX_LIVING)
  if (outcome === 'too_many') {
    throw new OAuthError(
      'temporarily_unavailable',
      `This client has ${MAX_LIVING} revoked tokens that have not expired; have all its tokens revoked instead`,
      429,
      { kind: 'over_bound', bound: 'revoked_tokens', retry_after_seconds: RETRY_AFTER_SECONDS },
    )
  }
}
