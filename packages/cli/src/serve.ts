/** ModularIoT Auth and ModularIoT API in one process: all of it put together, started and stopped. */

import { createApiServer, openSqliteTelemetryStore } from '@modulariot/api'
import { createAuthServer, openSqliteAuthStore } from '@modulariot/auth'
import { createHttpServer } from '@modulariot/platform/http'
import { pino } from 'pino'
import { CliError } from './cli-error.ts'
import { type Config, filesOf } from './config/parse-config.ts'
import { prepareInstallation } from './installation.ts'
import { createQuickstart, ensureApiAudience, type QuickstartCredentials } from './quickstart.ts'

export interface Running {
  /** Made on the first run only. */
  readonly quickstart: QuickstartCredentials | null
  /** Answers what was accepted, then closes everything. */
  stop(): Promise<void>
}

export async function serve(config: Config): Promise<Running> {
  const { issuer, apiAudience: audience } = config
  const now = Date.now
  const logger = pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: false }))
  const installationKeys = prepareInstallation(config)
  const files = filesOf(config)

  const authStore = openSqliteAuthStore(files.authDatabase)
  await ensureApiAudience(authStore, audience)
  const auth = await createAuthServer({
    issuer,
    store: authStore,
    installationKeys,
    now,
    onError: (error) => logger.error({ err: error }, 'signing keys cannot be read again'),
  })
  const telemetryStore = openSqliteTelemetryStore(files.telemetryDatabase)
  const api = createApiServer({
    issuer,
    audience,
    baseUrl: issuer,
    keys: auth.keys,
    store: telemetryStore,
    now,
  })

  const http = await createHttpServer({ applications: [auth, api], logger })
  async function stop(): Promise<void> {
    await http.close()
    auth.close()
    await telemetryStore.close()
    await authStore.close()
  }
  try {
    await http.listen({ host: config.host, port: config.port })
  } catch (error) {
    await stop()
    throw explainListenError(error, config)
  }
  const quickstart = await createQuickstart(config, authStore, installationKeys, now())
  return { quickstart, stop }
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
