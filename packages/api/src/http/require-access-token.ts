/** Requires a valid access token with the scope, and keeps its claims for the handler. */

import type { AccessTokenClaims } from '@modulariot/oauth/protocol'
import { assertAddressAllowed, type Verifier } from '@modulariot/oauth/resource-server'
import { clientAddress, logWouldBeRefused } from '@modulariot/platform/http'
import { addressInList } from '@modulariot/platform/net'
import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify'

const claimsOf = new WeakMap<FastifyRequest, AccessTokenClaims>()

/** Hook that runs before the body is read, so that unauthenticated requests cost no parsing. */
export function requireAccessToken(verifier: Verifier, scope: string): onRequestAsyncHookHandler {
  return async (request) => {
    const claims = await verifier.verify(request.headers.authorization, { scope })
    assertAddressAllowed(claims, clientAddress(request), addressInList, (reason) =>
      logWouldBeRefused(request, reason),
    )
    claimsOf.set(request, claims)
  }
}

/**
 * Verifies the token of a request again, right before the request takes effect. While a slow body
 * arrived or the request waited for its turn, the token may have expired or been revoked. For a
 * known token this is a lookup. The allowlist is not checked again, since token and connection are
 * the same.
 *
 * @throws OAuthError, like the hook.
 */
export async function verifyAgain(
  { headers }: FastifyRequest,
  verifier: Verifier,
  scope: string,
): Promise<void> {
  await verifier.verify(headers.authorization, { scope })
}

/** The client of a request that passed the hook; null for one that did not. */
export function verifiedClient(request: FastifyRequest): AccessTokenClaims | null {
  return claimsOf.get(request) ?? null
}

/** The claims of a request that passed the hook. */
export function accessTokenClaims(request: FastifyRequest): AccessTokenClaims {
  const claims = claimsOf.get(request)
  if (claims === undefined) throw new Error('the route has no requireAccessToken hook')
  return claims
}
