/** Assembles, starts and stops ModularIoT Auth and ModularIoT API in one process. */

import { hostname } from 'node:os'
import { startTelemetryMaintenance, type TelemetryStore } from '@modulariot/api'
import { createApiServer } from '@modulariot/api/server'
import {
  type AdminContext,
  type CheckpointArchive,
  recordErasure,
  systemContext,
} from '@modulariot/auth'
import { authOpenApi } from '@modulariot/auth/openapi'
import { type AuthServer, createAuthServer } from '@modulariot/auth/server'
import { createHttpServer, loadTls, shutDown, TlsFilesError } from '@modulariot/platform/http'
import { createLogger, type Logger, repeatedFailuresOf } from '@modulariot/platform/logging'
import { createMetrics, noMetrics, type PublishedMetrics } from '@modulariot/platform/metrics'
import { commit, version } from '../command/version.ts'
import { type Config, filesOf } from '../config/parse-config.ts'
import { CliError } from '../errors/cli-error.ts'
import {
  appendCheckpoint,
  MAX_FILE_BYTES,
  readCheckpoints,
  segmentsOf,
} from '../files/checkpoint-file.ts'
import type { ConfigWithKeys } from '../installation/given-keys.ts'
import { prepareDataDirectory, prepareInstallation } from '../installation/open-installation.ts'
import { openEightSigner } from '../signer/open-eight-signer.ts'
import { startSigner } from '../signer/open-signer.ts'
import { openAuthStore, openTelemetryStore } from '../stores/open-stores.ts'
import { TELEMETRY_CHANNEL } from '../stores/telemetry-writer.ts'
import { terminalLog } from '../terminal/log-lines.ts'
import { accountOptions } from './account-options.ts'
import { consoleMap } from './console-map.ts'
import { consoleSite } from './console-site.ts'
import { connectionLimits } from './descriptor-limit.ts'
import { countFailures, type Failures, publishInstallation } from './installation-metrics.ts'
import type { Place } from './place.ts'
import { createQuickstart, ensureApiAudience, type QuickstartCredentials } from './quickstart.ts'

export interface Running {
  /** On the first run only. */
  readonly quickstart: QuickstartCredentials | null
  /** No organization exists yet, since MIOT_QUICKSTART is off. */
  readonly isEmpty: boolean
  /** What the first account has to enter; null: nothing, or there is an account. */
  readonly setupCode: string | null
  /** Path of our certificate when it is self-signed: clients have to trust it explicitly. */
  readonly caFile: string | null
  /**
   * Answers accepted requests, stores pending counts, then closes everything.
   *
   * @param drainMs how long to keep answering while load balancers notice the shutdown.
   */
  stop(drainMs: number): Promise<void>
}

/** @param place of this process among those of the server. */
export async function startServers(config: ConfigWithKeys, place: Place): Promise<Running> {
  const opened = new AsyncDisposableStack()
  try {
    return await start(config, place, opened)
  } catch (error) {
    // An open connection would keep the process from exiting.
    await opened.disposeAsync()
    throw error
  }
}

/** What all parts of the process share. */
interface Shared {
  readonly config: ConfigWithKeys
  readonly place: Place
  readonly logger: Logger
  /** Null: no metrics. */
  readonly metrics: PublishedMetrics | null
  readonly failures: Failures
  /** Closes what was opened, in reverse order. */
  readonly opened: AsyncDisposableStack
}

async function start(
  config: ConfigWithKeys,
  place: Place,
  opened: AsyncDisposableStack,
): Promise<Running> {
  // 1. Check what can be checked before anything is opened or created.
  const caFile = selfSignedCertificate(config)
  prepareDataDirectory(config)
  const logger = createLogger(config.logLevel, terminalLog() ?? undefined)
  if (config.serviceLinks.length > 0) {
    logger.warn(
      { variables: config.serviceLinks },
      'ignored service links of Kubernetes, which are named like settings: set enableServiceLinks to false in the pod',
    )
  }
  const metrics = config.metricsPort === null ? null : await createMetrics()
  const failures = countFailures(metrics ?? noMetrics)
  const shared = { config, place, logger, metrics, failures, opened }
  // 2. Prepare the metrics page. It is registered first, so it stops last.
  let stopMetrics = async (): Promise<void> => {}
  opened.defer(() => stopMetrics())
  if (metrics !== null && place.maintains) opened.defer(publishInstallation(metrics, config))
  // 3. Open the stores and assemble both servers.
  const { auth, admin } = await openAuth(shared, (org_id) => telemetry.findRetention(org_id))
  const telemetry = await openTelemetry(shared)
  const api = createApi(auth, admin, telemetry, shared)
  const site = config.console === 'on' ? [consoleSite(), await consoleMap(config.consoleMap)] : []
  const http = await createHttpServer({
    ...{ applications: [auth, api, ...site, ...place.applications], logger, tls: config.tls },
    trustedProxies: config.trustedProxies,
    corsOrigins: config.corsOrigins,
    connectionLimits: connectionLimits(config, place.peers.count),
    ...(metrics !== null && { metrics }),
  })
  async function stop(drainMs: number): Promise<void> {
    await shutDown(http, drainMs)
    await place.served()
    await opened.disposeAsync()
  }
  // 4. Serve.
  try {
    ;({ stopMetrics } = await place.open(http, metrics, logger))
  } catch (error) {
    await stop(0)
    throw error
  }
  // 5. On the first run, create something to log in with.
  const quickstart = place.createsFirstClient ? await createQuickstart(config, admin) : null
  const isEmpty = (await admin.store.listOrganizations()).length === 0
  return { quickstart, isEmpty, caFile, setupCode: await auth.setupCode(), stop }
}

/**
 * Opens the auth store and creates ModularIoT Auth on it.
 *
 * @param retentionOf in the telemetry store, which opens after.
 */
async function openAuth(
  { config, place, logger, metrics, failures, opened }: Shared,
  retentionOf: TelemetryStore['findRetention'],
) {
  const store = await openAuthStore(config.database, place.peers.count)
  opened.defer(() => store.close())
  const externalSigner = config.signer && (await startSigner(config.signer, logger))
  opened.defer(() => externalSigner?.close())
  const eightSigner = await openEightSigner(config, logger)
  const { keys: installationKeys, newKeys, explain } = await prepareInstallation(config, store)
  const admin = systemContext({ store, digestKey: installationKeys.secretDigest, now: Date.now })
  await ensureApiAudience(admin, config.apiAudience)
  const auth = await createAuthServer({
    issuer: config.issuer,
    store,
    installationKeys,
    newInstallationKeys: newKeys,
    build: { version: version(), commit: commit() },
    instanceName: `${hostname()} (process ${process.pid})`,
    now: Date.now,
    onError: logFailures(logger, 'continuing with what is in memory', failures.auth),
    jwksMaxAgeSeconds: config.jwksMaxAgeSeconds,
    keyPolicy: config.keyPolicy,
    externalSigner,
    ...(eightSigner !== undefined && { eightSigner }),
    ...(place.maintains && { checkpoints: checkpointArchive(config, logger) }),
    maintains: place.maintains,
    peers: place.peers,
    directoryBytes: config.clientMemoryMib * 1024 * 1024,
    auditRetentionDays: config.auditRetentionDays,
    activityRetentionDays: config.activityRetentionDays,
    telemetryRetention: { days: config.retentionDays, ofOrganization: retentionOf },
    jwksUriNetworks: config.jwksUriNetworks,
    apiAudience: config.apiAudience,
    accounts: accountOptions(config),
    ...(metrics !== null && { metrics }),
  }).catch((error: unknown) => {
    throw explain(error)
  })
  opened.defer(() => auth.close())
  return { auth, admin }
}

/** Opens the telemetry store, with what removes old telemetry. */
async function openTelemetry({ config, place, logger, failures, opened }: Shared) {
  const writer = place.channelToSupervisor?.(TELEMETRY_CHANNEL)
  const store = await openTelemetryStore(config.database, {
    processes: place.peers.count,
    writer,
  })
  opened.defer(() => store.close())
  if (!place.maintains) return store
  const stopMaintenance = startTelemetryMaintenance({
    store,
    retentionDays: config.retentionDays,
    now: Date.now,
    onError: logFailures(logger, 'old telemetry was not removed', failures.retention),
  })
  opened.defer(stopMaintenance)
  return store
}

function createApi(
  auth: AuthServer,
  admin: AdminContext,
  store: TelemetryStore,
  { config, place, metrics }: Shared,
) {
  return createApiServer({
    peers: place.peers,
    issuer: config.issuer,
    audience: config.apiAudience,
    baseUrl: config.issuer,
    keys: auth.keys,
    revocations: auth.revocations,
    recordErasure: (erasure) => recordErasure(erasure, admin),
    recordRefusal: auth.recordRefusal,
    store,
    now: Date.now,
    validation: config.apiValidation,
    clientCpuMs: config.apiClientCpuMs,
    hasConsole: config.console === 'on',
    otherOperations: authOpenApi(config.issuer),
    ...(metrics !== null && { metrics }),
  })
}

/** For work that is retried every few seconds: a failure that recurs is counted. */
function logFailures(logger: Logger, message: string, count: () => void): (error: unknown) => void {
  return (error) => {
    count()
    const fault = error instanceof Error ? error : new Error(String(error))
    repeatedFailuresOf(logger).failed(logger, fault, message)
  }
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
