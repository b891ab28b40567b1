/** Every METHOD and path of ModularIoT Auth. */

import { routeGroup } from '@modulariot/platform/http'
import type { FastifyInstance } from 'fastify'
import type { GrantDeps } from '../grants/client-credentials.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { handleError } from './error-handler.ts'
import { loginEndpoint } from './login-endpoint.ts'
import { type MetadataDeps, metadataEndpoint } from './metadata-endpoint.ts'
import { addBodyParsers } from './request-body.ts'

export type AuthRoutesDeps = GrantDeps & MetadataDeps & { readonly keys: KeyRing }

export async function mountAuthRoutes(app: FastifyInstance, deps: AuthRoutesDeps): Promise<void> {
  app.setErrorHandler(handleError)
  addBodyParsers(app)

  // Both headers, as RFC 6749 §5.1 asks.
  const uncached = { 'cache-control': 'no-store', pragma: 'no-cache' }
  await routeGroup(app, uncached, (routes) => {
    const login = loginEndpoint(deps)
    routes.post('/api/v1/login', { config: { face: 'documented' } }, login)
    routes.post('/oauth2/token', login)
  })

  await routeGroup(app, { 'cache-control': 'public, max-age=300' }, (routes) => {
    const metadata = metadataEndpoint(deps)
    routes.get('/.well-known/oauth-authorization-server', metadata)
    routes.get('/.well-known/openid-configuration', metadata)
    routes.get('/.well-known/jwks.json', async () => deps.keys.publicKeys())
  })
}
