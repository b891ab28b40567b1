/**
 * Whether a token gives access to an API in front of which a gateway asks (`GET /oauth2/verify`).
 * Decides as an API with the verifier does, from memory alone; knows nothing of HTTP.
 */

import { type AccessTokenClaims, OAuthError, type Refusal } from '@modulariot/oauth/protocol'
import { assertAddressAllowed, type Verifier } from '@modulariot/oauth/resource-server'
import { addressInList } from '@modulariot/platform/net'

export interface AccessRequest {
  /** The `Authorization` header of the request to the API. */
  readonly authorization: string | undefined
  /** The API's audience. Any token of ours would pass without it. */
  readonly audience: string
  /** The scopes that the request needs, all of them. */
  readonly scopes: readonly string[]
  /** Where the request to the API comes from. */
  readonly address: string
  /** Called with each refusal by an allowlist in `observe` mode. */
  readonly observe: (refusal: Refusal) => void
}

/**
 * @param verifier accepts any audience, and has its keys and revocations in memory.
 * @throws OAuthError `invalid_token` (401), `insufficient_scope` or `access_denied` (403),
 *   `temporarily_unavailable` (503).
 */
export async function verifyAccess(
  { authorization, audience, scopes, address, observe }: AccessRequest,
  verifier: Verifier,
): Promise<AccessTokenClaims> {
  // 1. Is it a valid token of ours, and not revoked?
  const claims = await verifier.verify(authorization)
  // 2. Is it for this API?
  if (claims.aud !== audience) {
    throw new OAuthError('invalid_token', 'The access token is not valid here', 401, {
      kind: 'claim_rejected',
      claim: 'aud',
    })
  }
  // 3. Does it have the scopes?
  const granted = claims.scope.split(' ')
  const missing = scopes.filter((scope) => !granted.includes(scope))
  if (missing.length > 0) throw insufficientScope(claims.client_id, scopes, missing)
  // 4. May it be used from there?
  assertAddressAllowed(claims, address, addressInList, observe)
  return claims
}

function insufficientScope(
  client_id: string,
  scopes: readonly string[],
  missing: readonly string[],
): OAuthError {
  const what = missing.length === 1 ? 'scope' : 'scopes'
  const are = missing.length === 1 ? 'is' : 'are'
  const error_description = `The ${what} ${missing.join(' ')} ${are} required`
  // RFC 6750 §3: the scope that gives access, not only what is missing.
  const reason = { kind: 'insufficient_scope', client_id, scope: scopes.join(' ') } as const
  return new OAuthError('insufficient_scope', error_description, 403, reason)
}
