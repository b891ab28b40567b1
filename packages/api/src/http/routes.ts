/** Every METHOD and path of ModularIoT API. */

import { OAuthError, protectedResourceMetadata } from '@modulariot/oauth/protocol'
import type { Verifier } from '@modulariot/oauth/resource-server'
import { routeGroup } from '@modulariot/platform/http'
import type { FastifyError, FastifyInstance } from 'fastify'
import type { ApiMetrics } from '../metrics.ts'
import { SCOPES } from '../scopes.ts'
import type { TelemetryStore } from '../store/store.ts'
import type { IngestDeps } from '../track/ingest.ts'
import { getAsset, listAssets } from '../track/query.ts'
import { assetJson, assetListJson } from './asset-json.ts'
import { createErrorHandler } from './error-handler.ts'
import { addJsonBodyParser } from './json-body-parser.ts'
import { accessTokenClaims, requireAccessToken } from './require-access-token.ts'
import { trackEndpoint } from './track-endpoint.ts'

export interface ApiRoutesDeps extends IngestDeps {
  readonly verifier: Verifier
  readonly metrics: ApiMetrics
  readonly store: TelemetryStore
  readonly audience: string
  readonly issuer: string
  /** Where the API is reached from outside, for the metadata's address. */
  readonly baseUrl: string
}

const JSON_TYPE = 'application/json; charset=utf-8'

const RESOURCE_METADATA_PATH = '/.well-known/oauth-protected-resource'

/** A path that the router takes as it stands; others are found at the well-known place alone. */
const PLAIN_PATH = /^\/[\w./~%-]+$/

export async function mountApiRoutes(app: FastifyInstance, deps: ApiRoutesDeps): Promise<void> {
  const handleError = createErrorHandler(deps.baseUrl + RESOURCE_METADATA_PATH)
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (error instanceof OAuthError) deps.metrics.refused(error.reason)
    return handleError(error, request, reply)
  })
  addJsonBodyParser(app)

  await routeGroup(app, { 'cache-control': 'no-store' }, (routes) => {
    const { verifier, store } = deps
    const write = { onRequest: requireAccessToken(verifier, SCOPES.write) }
    const read = { onRequest: requireAccessToken(verifier, SCOPES.read) }
    routes.post<{ Body: Buffer | undefined }>('/v1/asset/track', write, trackEndpoint(deps))
    routes.get<{ Querystring: Record<string, unknown> }>(
      '/v1/assets',
      read,
      async (request, reply) =>
        reply
          .type(JSON_TYPE)
          .send(assetListJson(await listAssets(accessTokenClaims(request), request.query, store))),
    )
    routes.get<{ Params: { asset_id: string } }>(
      '/v1/assets/:asset_id',
      read,
      async (request, reply) =>
        reply
          .type(JSON_TYPE)
          .send(
            assetJson(await getAsset(accessTokenClaims(request), request.params.asset_id, store)),
          ),
    )
  })

  await routeGroup(app, { 'cache-control': 'public, max-age=300' }, (routes) => {
    const metadata = protectedResourceMetadata(deps.audience, deps.issuer, Object.values(SCOPES))
    routes.get(RESOURCE_METADATA_PATH, async () => metadata)
    const { pathname } = new URL(deps.audience)
    // RFC 9728 §3.1: a resource with a path has its metadata there.
    if (PLAIN_PATH.test(pathname))
      routes.get(RESOURCE_METADATA_PATH + pathname, async () => metadata)
  })
}
