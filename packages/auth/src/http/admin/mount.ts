/** Mounts the table of admin routes; no route can be mounted without its scope. */

import { OAuthError } from '@modulariot/oauth/protocol'
import {
  ArrivingBodies,
  followLarge,
  PUBLIC_DOCUMENT,
  refuseCodings,
  refusedRequest,
  routeGroup,
  staticDocument,
} from '@modulariot/platform/http'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { RefusalRecorder } from '../../activity/refusal-recorder.ts'
import { AdminError, invalidInput } from '../../errors/admin-error.ts'
import type { AuthMetrics } from '../../metrics/auth-metrics.ts'
import type { Tenant } from '../../records/client.ts'
import { adminContext, requireAdministrator } from './administrator.ts'
import { BulkRuns } from './bulk-runs.ts'
import type { AnyRequest } from './call.ts'
import type { AdminDeps } from './deps.ts'
import { refuseIdempotencyKey } from './idempotency-key.ts'
import { adminOpenApi } from './openapi.ts'
import { handleAdminError } from './problem.ts'
import { ADMIN_ROUTES, type AdminRoute } from './routes.ts'

const MAX_BODY_BYTES = 64 * 1024
export const MAX_BULK_BYTES = 16 * 1024 ** 2

export async function mountAdminRoutes(
  app: FastifyInstance,
  deps: AdminDeps & {
    readonly metrics: Pick<AuthMetrics, 'refused'>
    readonly refusals: Pick<RefusalRecorder, 'record'>
  },
): Promise<void> {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (error instanceof OAuthError) {
      const { reason, status } = error
      deps.metrics.refused(reason)
      if (status < 500) deps.refusals.record(refusedRequest(request, reason, status))
    }
    return handleAdminError(error, request, reply)
  })
  app.removeAllContentTypeParsers()
  for (const type of ['application/json', 'application/x-ndjson']) {
    app.addContentTypeParser(
      type,
      { parseAs: 'buffer' },
      async (_: unknown, bytes: Buffer) => bytes,
    )
  }

  const bulk = bulkHooks(deps)
  await routeGroup(app, { 'cache-control': 'no-store' }, (routes) => {
    for (const route of ADMIN_ROUTES) {
      routes.route<{
        Params: Record<string, string>
        Querystring: Record<string, unknown>
        Body: Buffer | undefined
      }>({
        method: route.method,
        url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
        bodyLimit: route.ndjson ? MAX_BULK_BYTES : MAX_BODY_BYTES,
        exposeHeadRoute: false,
        onRequest: [
          requireAdministrator(deps, route.scope),
          refuseCodings,
          ...refuseIdempotencyKey(route),
          ...(route.ndjson ? [bulk.onRequest] : []),
        ],
        preParsing: route.ndjson ? [bulk.preParsing] : [],
        preHandler: [
          // Again: the administrator may have been cut off while the body arrived.
          requireAdministrator(deps, route.scope),
          ...(route.ndjson ? [bulk.preHandler] : []),
        ],
        handler: async (request, reply) => {
          assertKnownQuery(request.query, route)
          const call = { context: adminContext(request, deps), request, reply, deps }
          reply.code(route.status)
          return route.handle(call)
        },
      })
    }
  })

  const cached = { 'cache-control': 'public, max-age=300', ...PUBLIC_DOCUMENT }
  await routeGroup(app, cached, (routes) => {
    routes.get(
      '/admin/v1/openapi.json',
      staticDocument(() => adminOpenApi(deps.issuer)),
    )
  })
}

/**
 * Bounds the memory for large bodies: all together while they arrive, and each run until its
 * response has ended.
 */
function bulkHooks(deps: AdminDeps) {
  const arriving = new ArrivingBodies({ refusal: tooManyBodies })
  const runs = new BulkRuns(deps.peers)
  const tenantOfRequest = (request: FastifyRequest) =>
    adminContext(request as AnyRequest, deps).tenant as Tenant
  return {
    onRequest: async (request: FastifyRequest) => runs.assertMayBegin(tenantOfRequest(request)),
    preParsing: followLarge(arriving),
    preHandler: async (request: FastifyRequest, reply: FastifyReply) => {
      const { body } = request as AnyRequest
      const end = runs.begin(tenantOfRequest(request), body?.length ?? 0)
      reply.raw.once('close', end)
      if (reply.raw.destroyed) end()
    },
  }
}

function tooManyBodies(): AdminError {
  return new AdminError(
    'too_many_requests',
    'Too many large bodies are being received; retry with smaller bodies or a faster connection',
  )
}

/** An unknown filter must not be ignored: the caller would act on too many results. */
function assertKnownQuery(query: Record<string, unknown>, { query: known = {} }: AdminRoute): void {
  const unknown = Object.keys(query).find((name) => !Object.hasOwn(known, name))
  if (unknown !== undefined) {
    const names = Object.keys(known).join(', ') || 'none'
    throw invalidInput(`unknown query parameter ${unknown.slice(0, 100)}; known: ${names}`)
  }
}
