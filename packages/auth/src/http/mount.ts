/** Mounts the table of routes, and those of the admin API and of persons beside it. */

import { PUBLIC_DOCUMENT, refuseCodings, routeGroup } from '@modulariot/platform/http'
import type { FastifyError, FastifyInstance } from 'fastify'
import type { RefusalRecorder } from '../activity/refusal-recorder.ts'
import { assertionAudiences } from '../clients/assertion.ts'
import type { AuthMetrics } from '../metrics/auth-metrics.ts'
import type { AdminDeps } from './admin/deps.ts'
import { mountAdminRoutes } from './admin/mount.ts'
import { belowCeiling } from './below-ceiling.ts'
import { handleError, refusalOf, refusedOf } from './error-handler.ts'
import { mountPeopleRoutes } from './people/mount.ts'
import { addBodyParsers } from './request-body.ts'
import {
  AUTH_ROUTES,
  type AuthRoute,
  assertionEndpoints,
  type Endpoint,
  type EndpointDeps,
} from './routes.ts'

export type AuthRoutesDeps = Omit<EndpointDeps, 'assertionAudiences'> &
  AdminDeps & {
    readonly metrics: AuthMetrics
    readonly refusals: Pick<RefusalRecorder, 'record'>
    /** Null: persons have no accounts here. */
    readonly people: Parameters<typeof mountPeopleRoutes>[1] | null
  }

export async function mountAuthRoutes(app: FastifyInstance, deps: AuthRoutesDeps): Promise<void> {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    deps.metrics.refused(refusalOf(error))
    const refused = refusedOf(error, request)
    if (refused !== null) deps.refusals.record(refused)
    return handleError(error, request, reply)
  })
  addBodyParsers(app)

  const handlerOf = sharedHandlers(deps)
  const ceiling = belowCeiling(deps.limits)
  for (const route of AUTH_ROUTES) {
    await routeGroup(app, cacheHeaders(route, deps), (routes) => {
      routes.route({
        method: route.method,
        url: route.path,
        onRequest: route.login ? [ceiling, refuseCodings] : [],
        config: route.config ?? {},
        handler: handlerOf(route.endpoint),
      })
    })
  }

  await app.register((scope) => mountAdminRoutes(scope, deps))
  const { people } = deps
  if (people !== null) await app.register((scope) => mountPeopleRoutes(scope, people))
}

/** One handler for each endpoint, so that logins of both faces share their turns. */
function sharedHandlers(deps: AuthRoutesDeps): (endpoint: Endpoint) => ReturnType<Endpoint> {
  const handlers = new Map<Endpoint, ReturnType<Endpoint>>()
  return (endpoint) => {
    const handler = handlers.get(endpoint) ?? endpoint(depsOf(endpoint, deps))
    handlers.set(endpoint, handler)
    return handler
  }
}

function depsOf(endpoint: Endpoint, deps: AuthRoutesDeps): EndpointDeps {
  const { issuer } = deps
  const urls = assertionEndpoints(endpoint).map((path) => `${issuer}${path}`)
  return { ...deps, assertionAudiences: assertionAudiences(issuer, urls) }
}

function cacheHeaders({ maxAgeSeconds }: AuthRoute, deps: AuthRoutesDeps): Record<string, string> {
  // RFC 6749 §5.1 requires both headers.
  if (maxAgeSeconds === undefined) return { 'cache-control': 'no-store', pragma: 'no-cache' }
  return { 'cache-control': `public, max-age=${maxAgeSeconds(deps)}`, ...PUBLIC_DOCUMENT }
}
