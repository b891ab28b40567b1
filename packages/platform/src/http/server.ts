/**
 * The HTTP server on which both applications are mounted. Its only endpoints are those of
 * health.ts.
 */

import type { RequestListener, Server, ServerOptions } from 'node:http'
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { type Metrics, noMetrics } from '../metrics/index.ts'
import type { Application } from './application.ts'
import { CONNECTION_LIMITS, type ConnectionLimits } from './connection-limits.ts'
import { Connections } from './connections.ts'
import { type AllowOrigin, allowOrigins } from './cors.ts'
import { endHanded, followConnections } from './drain.ts'
import { answerEverything, LEAVE_REFUSALS_TO_US, refuseMethod } from './every-answer.ts'
import { mountHealth } from './health.ts'
import { KnownPaths } from './known-paths.ts'
import { createServer } from './node-http.ts'
import { observeRequests, type RequestObserver } from './observe.ts'
import { type Refuse, refusalsOf } from './refusals.ts'
import { refuseMalformed } from './refuse-malformed.ts'
import { requestIdOf } from './request-id.ts'
import { logFailed, logRefused } from './request-log.ts'
import { requestLogger } from './request-logger.ts'
import { MethodNotAllowed } from './route-group.ts'
import { loadTls, secureContextOptions, type TlsFiles, type TlsPair, watchTls } from './tls.ts'

export interface HttpServerOptions {
  readonly applications: readonly Application[]
  readonly logger: FastifyBaseLogger
  /** Null: plaintext. Otherwise TLS from 1.2 on, and the files are read again when they change. */
  readonly tls: TlsFiles | null
  /**
   * Addresses and CIDR ranges whose `X-Forwarded-For` counts; from other peers the header is
   * ignored.
   */
  readonly trustedProxies: readonly string[]
  /** Origins whose pages may read every answer. Default: none; public documents are for all. */
  readonly corsOrigins?: readonly string[]
  /** Default: nothing is counted. */
  readonly metrics?: Metrics
  /** The longest time a slow sender can hold a connection, approximately. Default: 30 seconds. */
  readonly requestTimeoutMs?: number
  /** Limits left out come from CONNECTION_LIMITS. */
  readonly connectionLimits?: Partial<ConnectionLimits>
  /** Called for each route as it is registered, so that a test can exercise them all. */
  readonly onRoute?: (route: { readonly method: string; readonly url: string }) => void
}

const REQUEST_TIMEOUT_MS = 30_000
/**
 * Longer than the idle timeout of common load balancers, so that they close first and lose no
 * request.
 */
const KEEP_ALIVE_TIMEOUT_MS = 75_000

/** @throws TlsFilesError when the certificate and its key cannot be used. */
export async function createHttpServer(options: HttpServerOptions): Promise<FastifyInstance> {
  const { tls, trustedProxies, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options
  const pair = tls === null ? null : loadTls(tls)
  const refuse = refusalsOf(options.applications)
  const serverOptions = { ...timeouts(requestTimeoutMs), ...LEAVE_REFUSALS_TO_US }
  const metrics = options.metrics ?? noMetrics
  const connections = new Connections({
    limits: { ...CONNECTION_LIMITS, ...options.connectionLimits },
    handshakeTimeoutMs: requestTimeoutMs,
    trustedProxies,
    metrics,
  })
  const app = Fastify({
    serverFactory: (handler) => oneServer(inTurn(handler, connections), pair, serverOptions),
    // Without trusted proxies Fastify need not read the header at all.
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    loggerInstance: options.logger,
    // Fastify's own request lines contain the URL; ours never do, since its query may hold a
    // secret.
    logController: new LogController({
      disableRequestLogging: true,
      requestIdLogLabel: 'request_id',
    }),
    childLoggerFactory: requestLogger,
    genReqId: requestIdOf,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // Open connections are still answered during shutdown; drain.ts has the time limits.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 4096 },
    // Routes check what arrives by themselves; Fastify's validators and serializers take 40 ms to
    // load.
    schemaController: {
      compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas },
    },
    frameworkErrors(error, request, reply) {
      allow(request, reply)
      refuseUnreadable(error, request, reply, refuse)
      observer.countUnmatched(reply.statusCode)
    },
    clientErrorHandler(error, socket) {
      const status = refuseMalformed(error, socket, connections.find(socket), app.log)
      if (status !== null) observer.countUnmatched(status)
    },
  })
  if (tls !== null && pair !== null) followTls(app, tls, pair, metrics)
  connections.follow(app.server)
  followConnections(app.server, connections)
  const allow: AllowOrigin = allowOrigins(app, options.corsOrigins ?? [])
  const paths = new KnownPaths()
  answerEverything(app, refuse, paths)
  refuseThrown(app, refuse)
  const observer = observeRequests(app, metrics)
  app.addHook('onRoute', ({ method, url, config }) => {
    for (const name of [method].flat()) options.onRoute?.({ method: name, url })
    if (!config?.refusesMethods) paths.add(url, [method].flat())
  })
  await mountAll(app, options.applications, observer)
  // Registered last, so it runs once the applications have ended what would wait.
  await app.register(async (scope) => scope.addHook('preClose', () => endHanded(app.server)))
  return app
}

function noSchemas(): never {
  throw new Error('A route has a schema for Fastify, which validates nothing here')
}

async function mountAll(
  app: FastifyInstance,
  applications: readonly Application[],
  observer: RequestObserver,
): Promise<void> {
  const health = {
    name: 'health',
    mount: async (scope: FastifyInstance) => mountHealth(scope, applications),
  }
  for (const { name, mount } of [health, ...applications]) {
    await app.register((scope) => {
      observer.attributeRoutes(scope, name)
      return mount(scope)
    })
  }
}

/**
 * Passed when the server is created: Node honours only part of what is set later, as Fastify does,
 * and a slow body could then hold its connection for 90 seconds.
 */
function timeouts(requestTimeoutMs: number) {
  return {
    requestTimeout: requestTimeoutMs,
    headersTimeout: requestTimeoutMs,
    connectionsCheckingInterval: requestTimeoutMs / 6,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
  }
}

/** Handles the requests of one connection one at a time; connection.ts has the reason. */
function inTurn(handle: RequestListener, connections: Connections): RequestListener {
  return (request, response) => {
    const connection = connections.find(request.socket)
    if (connection === undefined) request.socket.destroy()
    else connection.take(request, response, handle)
  }
}

/**
 * By itself, Fastify would create a second server for `localhost` (one per address family) that
 * other code cannot reach: its certificate could not be replaced, and its connections not drained.
 */
function oneServer(handler: RequestListener, pair: TlsPair | null, options: ServerOptions): Server {
  if (pair === null) return createServer(options, handler)
  const tls = { ...secureContextOptions(pair), handshakeTimeout: options.requestTimeout }
  return createTlsServer({ ...options, ...tls }, handler)
}

/** New connections get the new certificate; open ones keep the old one. */
function followTls(app: FastifyInstance, files: TlsFiles, pair: TlsPair, metrics: Metrics): void {
  const server = app.server as unknown as HttpsServer
  let { certificate } = pair
  metrics.gauge({
    name: 'miot_tls_certificate_not_after_timestamp_seconds',
    combine: 'min',
    help: 'When the certificate that new connections get expires, Unix time.',
    read: () => certificate.validToDate.getTime() / 1000,
  })
  const stop = watchTls(files, pair, {
    onReload(next) {
      server.setSecureContext(secureContextOptions(next))
      certificate = next.certificate
      const { fingerprint256, validTo } = certificate
      app.log.info({ fingerprint256, valid_to: validTo }, 'TLS certificate replaced')
    },
    onError(error) {
      app.log.error({ err: error }, 'TLS certificate not replaced, the previous one stays in use')
    },
  })
  app.addHook('onClose', (_app, done) => {
    stop()
    done()
  })
}

/** Renders what the routes of this folder throw; applications have error handlers of their own. */
function refuseThrown(app: FastifyInstance, refuse: Refuse): void {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (error instanceof MethodNotAllowed) {
      return refuseMethod(request, reply, refuse, error.allow)
    }
    const status = error.statusCode ?? 500
    if (status >= 400 && status < 500) {
      const error_description = 'The request is malformed'
      return refuse(request, reply, { status, error: 'invalid_request', error_description })
    }
    logFailed(request, error)
    const error_description = 'Unexpected server error; the request is not at fault'
    refuse(request, reply, { status: 500, error: 'server_error', error_description })
  })
}

/** A path that the router cannot decode reaches no hook and no application. */
function refuseUnreadable(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  refuse: Refuse,
): void {
  const status = error.statusCode ?? 400
  logRefused(request, { kind: 'unreadable_path' }, { status })
  reply.header('x-request-id', request.id)
  const error_description = 'The path is malformed or too long'
  refuse(request, reply, { status, error: 'invalid_request', error_description })
}
