/**
 * Every METHOD and path of ModularIoT Auth except the admin API, whose table is admin/routes.ts.
 */

import type { FastifyContextConfig, FastifyReply, FastifyRequest } from 'fastify'
import type { GrantDeps } from '../grants/client-credentials.ts'
import { type KeysDeps, keysEndpoint } from './keys-endpoint.ts'
import { loginEndpoint } from './login-endpoint.ts'
import { type MetadataDeps, metadataEndpoint, openIdEndpoint } from './metadata-endpoint.ts'
import type { RequestBody } from './request-body.ts'
import {
  type FeedDeps,
  feedEndpoint,
  introspectionEndpoint,
  revocationEndpoint,
  type TokenManagementDeps,
} from './token-management-endpoints.ts'
import { type VerifyDeps, verifyEndpoint } from './verify-endpoint.ts'

export type EndpointDeps = GrantDeps &
  MetadataDeps &
  TokenManagementDeps &
  FeedDeps &
  VerifyDeps &
  KeysDeps

export type EndpointRequest = FastifyRequest<{
  Body: RequestBody | undefined
  Querystring: Record<string, unknown>
}>

export type Endpoint = (
  deps: EndpointDeps,
) => (request: EndpointRequest, reply: FastifyReply) => Promise<unknown>

export interface AuthRoute {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /**
   * A client proves itself here: after too many failed proofs, refused before the body is read.
   */
  readonly login?: true
  /** How errors are rendered. */
  readonly config?: FastifyContextConfig
  /** How long the response may be cached; left out: not at all. */
  readonly maxAgeSeconds?: (deps: KeysDeps) => number
  readonly endpoint: Endpoint
}

const metadataAge = (): number => 300
const keysAge = ({ jwksMaxAgeSeconds }: KeysDeps): number => jwksMaxAgeSeconds

/** An assertion for the token endpoint may be used at all endpoints that take one (RFC 7523 §3). */
export function assertionEndpoints(own: Endpoint): string[] {
  const takes = AUTH_ROUTES.filter(({ endpoint }) => endpoint === loginEndpoint || endpoint === own)
  return takes.map(({ path }) => path)
}

// biome-ignore format: a table reads best with one line a route
export const AUTH_ROUTES: readonly AuthRoute[] = [
  { method: 'POST', path: '/api/v1/login', login: true, config: { face: 'documented' }, endpoint: loginEndpoint },
  // The path of Auth0, which some of its client libraries cannot change.
  { method: 'POST', path: '/oauth/token', login: true, config: { face: 'documented' }, endpoint: loginEndpoint },
  { method: 'POST', path: '/oauth2/token', login: true, endpoint: loginEndpoint },
  { method: 'POST', path: '/oauth2/introspect', login: true, endpoint: introspectionEndpoint },
  { method: 'POST', path: '/oauth2/revoke', login: true, endpoint: revocationEndpoint },
  { method: 'GET', path: '/oauth2/revocations', config: { bearer: true }, endpoint: feedEndpoint },
  { method: 'GET', path: '/oauth2/verify', config: { bearer: true }, endpoint: verifyEndpoint },
  { method: 'GET', path: '/.well-known/oauth-authorization-server', maxAgeSeconds: metadataAge, endpoint: metadataEndpoint },
  { method: 'GET', path: '/.well-known/openid-configuration', maxAgeSeconds: metadataAge, endpoint: openIdEndpoint },
  { method: 'GET', path: '/.well-known/jwks.json', maxAgeSeconds: keysAge, endpoint: keysEndpoint },
]
