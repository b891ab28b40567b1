/** Assembles, starts and stops ModularIoT Auth and ModularIoT API in one process. */

import type { AddressInfo, Server } from 'node:net'
import { createApiServer, startTelemetryMaintenance } from '@modulariot/api'
import {
  type AuthServer,
  authOpenApi,
  type CheckpointArchive,
  createAuthServer,
  systemContext,
} from '@modulariot/auth'
import { createHttpServer, loadTls, shutDown, TlsFilesError } from '@modulariot/platform/http'
import { createLogger, type Logger } from '@modulariot/platform/logging'
import { createMetrics, type PublishedMetrics } from '@modulariot/platform/metrics'
import { type Config, filesOf } from '../config/parse-config.ts'
import { CliError } from '../errors/cli-error.ts'
import {
  appendCheckpoint,
  MAX_FILE_BYTES,
  readCheckpoints,
  segmentsOf,
} from '../files/checkpoint-file.ts'
import { prepareDataDirectory, prepareInstallation } from '../installation/open-installation.ts'
import { openAuthStore, openTelemetryStore } from '../stores/open-stores.ts'
import { connectionLimits } from './descriptor-limit.ts'
import { assertMatchesSettings } from './handed-socket.ts'
import { createQuickstart, ensureApiAudience, type QuickstartCredentials } from './quickstart.ts'
import { serveMetrics } from './serve-metrics.ts'

export interface Running {
  /** On the first run only. */
  readonly quickstart: QuickstartCredentials | null
  /** Path of our certificate when it is self-signed: clients have to trust it explicitly. */
  readonly caFile: string | null
  /**
   * Answers accepted requests, stores pending counts, then closes everything.
   *
   * @param drainMs how long to keep answering while load balancers notice the shutdown.
   */
  stop(drainMs: number): Promise<void>
}

/** @param socket descriptor to listen on; null: listen on the host and port of `config`. */
export async function startServers(config: Config, socket: number | null): Promise<Running> {
  const opened = new AsyncDisposableStack()
  try {
    return await start(config, socket, opened)
  } catch (error) {
    // An open connection would keep the process from exiting.
    await opened.disposeAsync()
    throw error
  }
}

/** What all parts of the process share. */
interface Shared {
  readonly config: Config
  readonly logger: Logger
  /** Null: no metrics. */
  readonly metrics: PublishedMetrics | null
  /** Closes what was opened, in reverse order. */
  readonly opened: AsyncDisposableStack
}

async function start(
  config: Config,
  socket: number | null,
  opened: AsyncDisposableStack,
): Promise<Running> {
  // 1. Check what can be checked before anything is opened or created.
  const caFile = selfSignedCertificate(config)
  prepareDataDirectory(config)
  const logger = createLogger(config.logLevel)
  if (config.serviceLinks.length > 0) {
    logger.warn(
      { variables: config.serviceLinks },
      'ignored service links of Kubernetes, which are named like settings: set enableServiceLinks to false in the pod',
    )
  }
  const metrics = config.metricsPort === null ? null : await createMetrics()
  const shared = { config, logger, metrics, opened }
  // 2. Prepare the metrics page. It is registered first, so it stops last.
  let stopMetrics = async (): Promise<void> => {}
  opened.defer(() => stopMetrics())
  // 3. Open the stores and assemble both servers.
  const { auth, admin } = await openAuth(shared)
  const api = await openApi(auth, shared)
  const http = await createHttpServer({
    ...{ applications: [auth, api], logger, tls: config.tls },
    trustedProxies: config.trustedProxies,
    corsOrigins: config.corsOrigins,
    connectionLimits: connectionLimits(config),
    ...(metrics !== null && { metrics }),
  })
  async function stop(drainMs: number): Promise<void> {
    await shutDown(http, drainMs)
    await opened.disposeAsync()
  }
  // 4. Listen.
  try {
    if (metrics !== null && config.metricsPort !== null) {
      stopMetrics = await serveMetrics(metrics, config.metricsPort, logger)
    }
    await listen(http, config, socket)
  } catch (error) {
    await stop(0)
    throw explainListenError(error, config, socket)
  }
  // 5. On the first run, create something to log in with.
  const quickstart = await createQuickstart(config, admin)
  return { quickstart, caFile, stop }
}

/** Opens the auth store and creates ModularIoT Auth on it. */
async function openAuth({ config, logger, metrics, opened }: Shared) {
  const store = await openAuthStore(config.database)
  opened.defer(() => store.close())
  const { keys: installationKeys, explain } = await prepareInstallation(config, store)
  const admin = systemContext({ store, digestKey: installationKeys.secretDigest, now: Date.now })
  await ensureApiAudience(admin, config.apiAudience)
  const auth = await createAuthServer({
    issuer: config.issuer,
    store,
    installationKeys,
    now: Date.now,
    onError: (error) => logger.error({ err: error }, 'continuing with what is in memory'),
    jwksMaxAgeSeconds: config.jwksMaxAgeSeconds,
    keyPolicy: config.keyPolicy,
    checkpoints: checkpointArchive(config, logger),
    auditRetentionDays: config.auditRetentionDays,
    jwksUriNetworks: config.jwksUriNetworks,
    ...(metrics !== null && { metrics }),
  }).catch((error: unknown) => {
    throw explain(error)
  })
  opened.defer(() => auth.close())
  return { auth, admin }
}

/** Opens the telemetry store and creates ModularIoT API on it. */
async function openApi(auth: AuthServer, { config, logger, metrics, opened }: Shared) {
  const store = await openTelemetryStore(config.database)
  opened.defer(() => store.close())
  const stopMaintenance = startTelemetryMaintenance({
    store,
    retentionDays: config.retentionDays,
    now: Date.now,
    onError: (error) => logger.error({ err: error }, 'old telemetry was not removed'),
  })
  opened.defer(stopMaintenance)
  return createApiServer({
    issuer: config.issuer,
    audience: config.apiAudience,
    baseUrl: config.issuer,
    keys: auth.keys,
    revocations: auth.revocations,
    store,
    now: Date.now,
    validation: config.apiValidation,
    clientCpuMs: config.apiClientCpuMs,
    otherOperations: authOpenApi(config.issuer),
    ...(metrics !== null && { metrics }),
  })
}

type HttpServer = Awaited<ReturnType<typeof createHttpServer>>

/** @param socket descriptor of a socket that must listen where `config` says, or null. */
async function listen(http: HttpServer, config: Config, socket: number | null): Promise<void> {
  if (socket !== null) refuseElsewhere(http.server, config)
  await http.listen({
    host: config.host,
    port: config.port,
    ...(socket !== null && { fd: socket }),
    listenTextResolver: (address) => `listening on ${address.replace(/^https?:\/\//, '')}`,
  })
  if (socket !== null) assertMatchesSettings(http.server.address() as AddressInfo | null, config)
}

/**
 * Writes checkpoints to the log, which can be shipped to another machine, and to a file. The log
 * comes first, because the disk may refuse writes.
 */
function checkpointArchive(config: Config, logger: Logger): CheckpointArchive {
  const { auditCheckpoints: path } = filesOf(config)
  return {
    read() {
      try {
        return readCheckpoints(path).checkpoints
      } catch (error) {
        logger.warn({ err: error }, 'the audit checkpoints cannot be read')
        return []
      }
    },
    keep(signed) {
      const { iss, seq, hash, first_seq, kid } = signed
      const checkpoint = segmentsOf(signed.checkpoint)
      logger.info({ iss, seq, hash, first_seq, kid, checkpoint }, 'audit checkpoint')
      try {
        appendCheckpoint(path, signed, MAX_FILE_BYTES)
      } catch (error) {
        logger.warn(
          { err: error },
          'the audit checkpoint could not be written to its file and is in this log only',
        )
      }
    },
  }
}

/** @throws CliError when the certificate or its key cannot be used. */
function selfSignedCertificate({ tls }: Config): string | null {
  if (tls === null) return null
  try {
    const { certificate } = loadTls(tls)
    return certificate.verify(certificate.publicKey) ? tls.certFile : null
  } catch (error) {
    if (!(error instanceof TlsFilesError)) throw error
    throw new CliError(
      'usage',
      `${error.message}: correct the files of MIOT_TLS_CERT and MIOT_TLS_KEY`,
    )
  }
}

/**
 * Stops a socket with the wrong address from accepting connections before the event loop accepts
 * the first one; the start fails a moment later.
 */
function refuseElsewhere(server: Server, config: Config): void {
  server.once('listening', () => {
    try {
      assertMatchesSettings(server.address() as AddressInfo | null, config)
    } catch {
      server.maxConnections = 0
    }
  })
}

function explainListenError(
  error: unknown,
  { host, port }: Config,
  socket: number | null,
): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException
  if (socket !== null && syscall === 'listen') {
    return new CliError(
      'failure',
      `Descriptor ${socket}, passed by LISTEN_FDS, is not a listening socket (${code})`,
    )
  }
  if (code === 'EADDRINUSE') {
    return new CliError('failure', `Port ${port} on ${host} is in use: set MIOT_PORT to a free one`)
  }
  if (code === 'EACCES') {
    return new CliError('failure', `Port ${port} needs privileges: set MIOT_PORT above 1023`)
  }
  return error
}
