/** ModularIoT Auth and ModularIoT API in one process: all of it put together, started and stopped. */

import { createApiServer, openSqliteTelemetryStore } from '@modulariot/api'
import { createAuthServer, openSqliteAuthStore, systemContext } from '@modulariot/auth'
import { createHttpServer, loadTls, TlsFilesError } from '@modulariot/platform/http'
import { createLogger } from '@modulariot/platform/logging'
import { createMetrics } from '@modulariot/platform/metrics'
import { CliError } from './cli-error.ts'
import { type Config, filesOf } from './config/parse-config.ts'
import { prepareInstallation } from './installation.ts'
import { createQuickstart, ensureApiAudience, type QuickstartCredentials } from './quickstart.ts'
import { serveMetrics } from './serve-metrics.ts'

export interface Running {
  /** Made on the first run only. */
  readonly quickstart: QuickstartCredentials | null
  /** What a client on this machine must trust besides the public CAs: our self-signed certificate. */
  readonly caFile: string | null
  /** Answers what was accepted, then closes everything. */
  stop(): Promise<void>
}

export async function serve(config: Config): Promise<Running> {
  const { issuer, apiAudience: audience, tls, trustedProxies } = config
  // Before anything is opened or made.
  const caFile = selfSignedCertificate(config)
  const now = Date.now
  const logger = createLogger(config.logLevel)
  const metrics = config.metricsPort === null ? null : await createMetrics()
  const counting = metrics === null ? {} : { metrics }
  const installationKeys = prepareInstallation(config)
  const files = filesOf(config)

  const authStore = openSqliteAuthStore(files.authDatabase)
  const admin = systemContext({
    store: authStore,
    digestKey: installationKeys.secretDigest,
    now,
  })
  await ensureApiAudience(admin, audience)
  const auth = await createAuthServer({
    issuer,
    store: authStore,
    installationKeys,
    now,
    onError: (error) => logger.error({ err: error }, 'going on with what is in memory'),
    ...counting,
  })
  const telemetryStore = openSqliteTelemetryStore(files.telemetryDatabase)
  const api = createApiServer({
    issuer,
    audience,
    baseUrl: issuer,
    keys: auth.keys,
    store: telemetryStore,
    now,
    unknownKeys: config.apiValidation,
    ...counting,
  })

  const applications = [auth, api]
  const http = await createHttpServer({ applications, logger, tls, trustedProxies, ...counting })
  let stopMetrics = async (): Promise<void> => {}
  async function stop(): Promise<void> {
    await http.close()
    await auth.close()
    await telemetryStore.close()
    await authStore.close()
    await stopMetrics()
  }
  try {
    if (metrics !== null && config.metricsPort !== null) {
      stopMetrics = await serveMetrics(metrics, config.metricsPort, logger)
    }
    await http.listen({
      host: config.host,
      port: config.port,
      listenTextResolver: (address) => `listening on ${address.replace(/^https?:\/\//, '')}`,
    })
  } catch (error) {
    await stop()
    throw explainListenError(error, config)
  }
  const quickstart = await createQuickstart(config, admin)
  return { quickstart, caFile, stop }
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

function explainListenError(error: unknown, { host, port }: Config): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'EADDRINUSE') {
    return new CliError('failure', `Port ${port} on ${host} is in use: set MIOT_PORT to a free one`)
  }
  if (code === 'EACCES') {
    return new CliError('failure', `Port ${port} needs privileges: set MIOT_PORT above 1023`)
  }
  return error
}
