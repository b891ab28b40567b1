/**
 * Nobody passes without a token that verifies and holds the scope; the claims wait on the request.
 */

import type { AccessTokenClaims } from '@modulariot/oauth/protocol'
import { assertAddressAllowed, type Verifier } from '@modulariot/oauth/resource-server'
import { clientAddress } from '@modulariot/platform/http'
import { addressInList } from '@modulariot/platform/net'
import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify'

const claimsOf = new WeakMap<FastifyRequest, AccessTokenClaims>()

/** A hook for before the body is read: strangers do not get to make us parse. */
export function requireAccessToken(verifier: Verifier, scope: string): onRequestAsyncHookHandler {
  return async (request) => {
    const claims = await verifier.verify(request.headers.authorization, { scope })
    assertAddressAllowed(claims, clientAddress(request), addressInList, (reason) =>
      request.log.warn({ reason }, 'would be refused'),
    )
    claimsOf.set(request, claims)
  }
}

/**
 * Verifies the token of a request that passed the hook again, right before it is acted upon: a body
 * can be held back, and a turn waited for, until the token is revoked or over. For a token seen
 * before that is a lookup. Its addresses are not checked again: they are the token's, and the
 * connection is the same.
 *
 * @throws OAuthError, as the hook does.
 */
export async function verifyAgain(
  { headers }: FastifyRequest,
  verifier: Verifier,
  scope: string,
): Promise<void> {
  await verifier.verify(headers.authorization, { scope })
}

/** The claims of a request that passed the hook. */
export function accessTokenClaims(request: FastifyRequest): AccessTokenClaims {
  const claims = claimsOf.get(request)
  if (claims === undefined) throw new Error('the route has no requireAccessToken hook')
  return claims
}
