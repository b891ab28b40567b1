/** Puts the table of admin routes on the server; none can be mounted without its scope. */

import { OAuthError } from '@modulariot/oauth/protocol'
import { routeGroup } from '@modulariot/platform/http'
import type { FastifyError, FastifyInstance } from 'fastify'
import { invalidInput } from '../../admin-error.ts'
import type { AuthMetrics } from '../../metrics.ts'
import { type AdminDeps, adminContext, requireAdminToken } from './call.ts'
import { adminOpenApi } from './openapi.ts'
import { handleAdminError } from './problem.ts'
import { ADMIN_ROUTES, type AdminRoute } from './routes.ts'

const MAX_BODY_BYTES = 64 * 1024
const MAX_BULK_BYTES = 16 * 1024 ** 2

export async function mountAdminRoutes(
  app: FastifyInstance,
  deps: AdminDeps & { readonly issuer: string; readonly metrics: Pick<AuthMetrics, 'refused'> },
): Promise<void> {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (error instanceof OAuthError) deps.metrics.refused(error.reason)
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
        onRequest: requireAdminToken(deps, route.scope),
        handler: async (request, reply) => {
          assertKnownQuery(request.query, route)
          const { checkpointSigner } = deps
          const call = { context: adminContext(request, deps), request, reply, checkpointSigner }
          reply.code(route.status)
          return route.handle(call)
        },
      })
    }
  })

  await routeGroup(app, { 'cache-control': 'public, max-age=300' }, (routes) => {
    const document = adminOpenApi(deps.issuer)
    routes.get('/admin/v1/openapi.json', async () => document)
  })
}

/** A filter that is not understood must not answer as if it had been: the caller would act on too much. */
function assertKnownQuery(query: Record<string, unknown>, { query: known = {} }: AdminRoute): void {
  const unknown = Object.keys(query).find((name) => !Object.hasOwn(known, name))
  if (unknown !== undefined) {
    const names = Object.keys(known).join(', ') || 'none'
    throw invalidInput(`unknown query parameter ${unknown.slice(0, 100)}; known: ${names}`)
  }
}
