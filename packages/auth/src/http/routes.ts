/** Every METHOD and path of ModularIoT Auth. */

import { routeGroup } from '@modulariot/platform/http'
import type { FastifyError, FastifyInstance } from 'fastify'
import type { GrantDeps } from '../grants/client-credentials.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { AuthMetrics } from '../metrics/auth-metrics.ts'
import type { AdminDeps } from './admin/call.ts'
import { mountAdminRoutes } from './admin/mount.ts'
import { belowCeiling } from './below-ceiling.ts'
import { handleError, refusalOf } from './error-handler.ts'
import { loginEndpoint } from './login-endpoint.ts'
import { type MetadataDeps, metadataEndpoint } from './metadata-endpoint.ts'
import { addBodyParsers, type RequestBody } from './request-body.ts'
import {
  type FeedDeps,
  feedEndpoint,
  introspectionEndpoint,
  revocationEndpoint,
  type TokenManagementDeps,
} from './token-management-endpoints.ts'

export type AuthRoutesDeps = GrantDeps &
  MetadataDeps &
  TokenManagementDeps &
  FeedDeps &
  AdminDeps & {
    readonly keys: KeyRing
    readonly jwksMaxAgeSeconds: number
    readonly metrics: AuthMetrics
  }

export async function mountAuthRoutes(app: FastifyInstance, deps: AuthRoutesDeps): Promise<void> {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    deps.metrics.refused(refusalOf(error))
    return handleError(error, request, reply)
  })
  addBodyParsers(app)

  // Both headers, as RFC 6749 §5.1 asks.
  const uncached = { 'cache-control': 'no-store', pragma: 'no-cache' }
  await routeGroup(app, uncached, (routes) => {
    const login = loginEndpoint(deps)
    type Login = { Body: RequestBody | undefined }
    const onRequest = belowCeiling(deps.limits)
    routes.post<Login>('/api/v1/login', { onRequest, config: { face: 'documented' } }, login)
    routes.post<Login>('/oauth2/token', { onRequest }, login)
    routes.post<Login>('/oauth2/introspect', { onRequest }, introspectionEndpoint(deps))
    routes.post<Login>('/oauth2/revoke', { onRequest }, revocationEndpoint(deps))
    routes.get<{ Querystring: Record<string, unknown> }>(
      '/oauth2/revocations',
      { config: { bearer: true } },
      feedEndpoint(deps),
    )
  })

  const cached = (seconds: number) => ({ 'cache-control': `public, max-age=${seconds}` })
  await routeGroup(app, cached(300), (routes) => {
    const metadata = metadataEndpoint(deps)
    routes.get('/.well-known/oauth-authorization-server', metadata)
    routes.get('/.well-known/openid-configuration', metadata)
  })
  await routeGroup(app, cached(deps.jwksMaxAgeSeconds), (routes) => {
    routes.get('/.well-known/jwks.json', async () => deps.keys.publicKeys())
  })

  // The admin API has a table of its own: admin/routes.ts.
  await app.register((scope) => mountAdminRoutes(scope, deps))
}
