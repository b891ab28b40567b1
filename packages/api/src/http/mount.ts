/** Mounts the routes of the table, each with its required scope, and the public documents. */

import {
  type AccessTokenClaims,
  OAuthError,
  protectedResourceMetadata,
} from '@modulariot/oauth/protocol'
import type { Verifier } from '@modulariot/oauth/resource-server'
import {
  ArrivingBodies,
  followLarge,
  PUBLIC_DOCUMENT,
  type RefusedRequest,
  routeGroup,
  staticDocument,
} from '@modulariot/platform/http'
import type { FastifyError, FastifyInstance } from 'fastify'
import type { IngestDeps } from '../ingest/ingest.ts'
import type { TenantTurns } from '../limits/tenant-turns.ts'
import type { ApiMetrics } from '../metrics/api-metrics.ts'
import type { TelemetryStore } from '../store/store.ts'
import type { RecordErasure } from './erase-endpoint.ts'
import { createErrorHandler, refusedOf } from './error-handler.ts'
import { mountHomePage } from './home-page.ts'
import { apiOpenApi, type OpenApiPart } from './openapi.ts'
import { assertKnown } from './query-parameters.ts'
import { mountReference } from './reference.ts'
import {
  addBodyParsers,
  ignoreBodies,
  refuseOtherCodings,
  refuseWhenFull,
  tooManyBodies,
} from './request-body.ts'
import { requireAccessToken, verifiedClient } from './require-access-token.ts'
import { ROUTES, type Route, type RouteDeps } from './routes.ts'
import { SCOPES } from './scopes.ts'
import type { StreamDeps } from './stream-endpoint.ts'

/** @param client of its token; null: the token was refused, or there was none. */
export type RecordRefusal = (
  refused: RefusedRequest,
  client: Pick<AccessTokenClaims, 'client_id' | 'org_id' | 'environment'> | null,
) => void

export interface ApiRoutesDeps extends IngestDeps, Pick<StreamDeps, 'streams' | 'pace'> {
  readonly verifier: Verifier
  readonly metrics: ApiMetrics
  readonly store: TelemetryStore
  readonly recordErasure: RecordErasure
  readonly recordRefusal: RecordRefusal
  readonly charts: TenantTurns
  readonly audience: string
  readonly issuer: string
  /** The public URL of the API, for the address of the metadata. */
  readonly baseUrl: string
  readonly hasConsole?: boolean | undefined
  /** Described in the OpenAPI document beside our own routes. */
  readonly otherOperations?: OpenApiPart | undefined
}

const RESOURCE_METADATA_PATH = '/.well-known/oauth-protected-resource'

/**
 * A path without characters that are special to the router. For others, only the root metadata path
 * is served.
 */
const PLAIN_PATH = /^\/[\w./~%-]+$/

export async function mountApiRoutes(app: FastifyInstance, deps: ApiRoutesDeps): Promise<void> {
  const handleError = createErrorHandler(deps.baseUrl + RESOURCE_METADATA_PATH)
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (error instanceof OAuthError) deps.metrics.refused(error.reason)
    const refused = refusedOf(error, request)
    if (refused !== null) deps.recordRefusal(refused, verifiedClient(request))
    return handleError(error, request, reply)
  })

  app.addHook('preClose', (done) => {
    deps.streams.endAll()
    done()
  })
  const bodies = new ArrivingBodies({
    refusal: () => {
      deps.metrics.tracked('refused')
      return tooManyBodies()
    },
  })
  for (const ofPath of Map.groupBy(ROUTES, ({ path }) => path).values()) {
    // Each path in its own Fastify scope, since body parsers apply to a scope.
    await routeGroup(app, { 'cache-control': 'no-store' }, (routes) => {
      const types = ofPath.flatMap(({ body }) => Object.keys(body?.content ?? {}))
      if (types.length === 0) ignoreBodies(routes)
      else addBodyParsers(routes, types)
      for (const route of ofPath) mountRoute(routes, route, deps, bodies)
    })
  }

  const cached = { 'cache-control': 'public, max-age=300', ...PUBLIC_DOCUMENT }
  await routeGroup(app, cached, (routes) => {
    const metadata = staticDocument(() =>
      protectedResourceMetadata(deps.audience, deps.issuer, Object.values(SCOPES)),
    )
    routes.get(RESOURCE_METADATA_PATH, metadata)
    const { pathname } = new URL(deps.audience)
    // RFC 9728 §3.1: the path of the resource is appended to the well-known path.
    if (PLAIN_PATH.test(pathname)) routes.get(RESOURCE_METADATA_PATH + pathname, metadata)
    routes.get(
      '/openapi.json',
      staticDocument(() => apiOpenApi(deps)),
    )
  })
  await mountReference(app, deps.issuer === deps.baseUrl)
  await mountHomePage(app, deps)
}

function mountRoute(
  routes: FastifyInstance,
  route: Route,
  deps: RouteDeps,
  bodies: ArrivingBodies,
): void {
  const { method, path, scope, query, body, answer, handler } = route
  const mediaTypes = Object.keys(body?.content ?? {})
  const handle = handler(deps)
  const refuse = body === undefined ? [] : [refuseWhenFull(body, deps)]
  routes.route<{
    Params: Record<string, string>
    Querystring: Record<string, unknown>
    Body: Buffer | undefined
  }>({
    method,
    url: path.replaceAll(/\{(\w+)\}/g, ':$1'),
    ...(body !== undefined && { bodyLimit: body.maxBytes, config: { mediaTypes } }),
    // A HEAD request would start a stream without a reader.
    exposeHeadRoute: method === 'GET' && answer.type === 'application/json',
    onRequest: [requireAccessToken(deps.verifier, scope), refuseOtherCodings, ...refuse],
    ...(body !== undefined && { preParsing: followLarge(bodies) }),
    // Checked again, since the queue may have filled while a large body arrived.
    preHandler: refuse,
    handler: async (request, reply) => {
      assertKnown(request.query, query)
      return handle(request, reply)
    },
  })
}
