/**
 * The HTTP server that the two applications are mounted on. It knows no endpoint but the operational
 * ones: `/livez` (the process runs) and `/readyz` (it can serve).
 */

import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { requestIdOf } from './request-id.ts'

/** A part of the service: its routes, and how to ask whether it can serve. */
export interface Application {
  readonly name: string
  /** Registers hooks, routes and an error handler in a scope of its own. */
  mount(app: FastifyInstance): Promise<void>
  /** Rejects while the application cannot do its work. */
  ready(): Promise<void>
}

export interface HttpServerOptions {
  readonly applications: readonly Application[]
  readonly logger: FastifyBaseLogger
}

/** A slow sender holds a connection no longer than this. */
const REQUEST_TIMEOUT_MS = 30_000
/** Longer than the idle time of common load balancers, so that they close first and lose no request. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000

export async function createHttpServer(options: HttpServerOptions): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: options.logger,
    // Fastify's own request lines hold the URL; ours never do, since a secret may stand in its query.
    logController: new LogController({
      disableRequestLogging: true,
      requestIdLogLabel: 'request_id',
    }),
    genReqId: requestIdOf,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    return503OnClosing: true,
    routerOptions: { maxParamLength: 4096 },
    frameworkErrors: refuseUnreadable,
  })
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    request.log.debug(
      {
        method: request.method,
        route: request.routeOptions.url ?? null,
        status: reply.statusCode,
        elapsed_ms: Math.round(reply.elapsedTime * 100) / 100,
      },
      'answered',
    )
    done()
  })
  app.setNotFoundHandler((_request, reply) => {
    reply.code(404).send({ error: 'not_found', error_description: 'There is no such endpoint' })
  })
  mountHealth(app, options.applications)
  for (const application of options.applications) {
    await app.register((scope) => application.mount(scope))
  }
  return app
}

/** A path that the router cannot read reaches no hook and no application. */
function refuseUnreadable(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id)
  reply
    .code(error.statusCode ?? 400)
    .send({ error: 'invalid_request', error_description: 'The path is malformed or too long' })
}

function mountHealth(app: FastifyInstance, applications: readonly Application[]): void {
  app.get('/livez', (_request, reply) => reply.send({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const checks = await Promise.all(
      applications.map(async ({ name, ready }) => {
        const ok = await ready().then(
          () => true,
          () => false,
        )
        return [name, ok ? 'ok' : 'unavailable'] as const
      }),
    )
    const ok = checks.every(([, status]) => status === 'ok')
    reply.header('cache-control', 'no-store')
    return reply
      .code(ok ? 200 : 503)
      .send({ status: ok ? 'ok' : 'unavailable', checks: Object.fromEntries(checks) })
  })
}
