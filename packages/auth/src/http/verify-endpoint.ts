/**
 * `GET /oauth2/verify`: the check for gateways that understand only 2xx, 401 and 403 (nginx
 * `auth_request`, Traefik ForwardAuth, Caddy `forward_auth`).
 *
 * Introspection would fail open there: it answers 200 for a dead token too. Here the status is the
 * decision, and every doubt is an error: a gateway lets nothing through for 400, 500 or 503.
 */

import { type AccessTokenClaims, malformedRequest, parseScope } from '@modulariot/oauth/protocol'
import type { Verifier } from '@modulariot/oauth/resource-server'
import { clientAddress, logWouldBeRefused } from '@modulariot/platform/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { verifyAccess } from '../tokens/verify-access.ts'

export interface VerifyDeps {
  /** Accepts any audience; reads nothing from the store. */
  readonly gatewayVerifier: Verifier
}

export function verifyEndpoint({ gatewayVerifier }: VerifyDeps) {
  return async (
    request: FastifyRequest<{ Querystring: Record<string, unknown> }>,
    reply: FastifyReply,
  ) => {
    const { authorization } = request.headers
    const claims = await verifyAccess(
      {
        ...requiredBy(request.query),
        authorization,
        address: clientAddress(request),
        observe: (reason) => logWouldBeRefused(request, reason),
      },
      gatewayVerifier,
    )
    return reply.headers(headersOf(claims)).send()
  }
}

/**
 * What the gateway's configuration requires. A misspelt, repeated or empty parameter is refused:
 * ignoring it would let more tokens through than its author meant.
 */
function requiredBy(query: Record<string, unknown>): { audience: string; scopes: string[] } {
  const { audience, scope, ...others } = query
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw malformedRequest('The parameters are audience and scope')
  if (typeof audience !== 'string' || audience === '') {
    throw malformedRequest('audience is required, once: the API that the gateway protects')
  }
  if (scope === undefined) return { audience, scopes: [] }
  if (typeof scope !== 'string') throw malformedRequest('Send scope once, with spaces between')
  return { audience, scopes: parseScope(scope) }
}

/** The claims as headers. A new one is a new row. */
export const CLAIM_HEADERS = {
  'x-auth-client-id': 'client_id',
  'x-auth-subject': 'sub',
  'x-auth-org-id': 'org_id',
  'x-auth-environment': 'environment',
  'x-auth-scope': 'scope',
} as const satisfies Record<string, keyof AccessTokenClaims>

/** Always all of them, so that a gateway overwrites each one that its caller sent. */
function headersOf(claims: AccessTokenClaims): Record<string, string> {
  const values = Object.entries(CLAIM_HEADERS).map(([name, claim]) => [
    name,
    headerText(claims[claim]),
  ])
  return Object.fromEntries(values)
}

/**
 * Our tokens hold only printable ASCII in these claims; anything else could end the header, and is
 * an error.
 */
function headerText(value: string): string {
  if (!/^[\x20-\x7e]*$/.test(value)) throw new Error('a claim is not printable ASCII')
  return value
}
