/**
 * Every method and path, read from the applications themselves, so that the list is never outdated.
 */

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteTelemetryStore } from '@modulariot/api'
import { createApiServer } from '@modulariot/api/server'
import { deriveInstallationKeys, openSqliteAuthStore } from '@modulariot/auth'
import { createAuthServer } from '@modulariot/auth/server'
import { createHttpServer } from '@modulariot/platform/http'
import { createLogger } from '@modulariot/platform/logging'

export interface Route {
  readonly method: string
  /** With `:name` for a parameter. */
  readonly url: string
}

/**
 * Mounts both applications on a server that never listens, and collects the routes they register.
 */
export async function routeTable(issuer: string, audience: string): Promise<Route[]> {
  const folder = mkdtempSync(join(tmpdir(), 'miot-routes-'))
  const authStore = openSqliteAuthStore(join(folder, 'auth.db'))
  const telemetryStore = openSqliteTelemetryStore(join(folder, 'telemetry.db'))
  const now = Date.now
  const auth = await createAuthServer({
    issuer,
    store: authStore,
    installationKeys: deriveInstallationKeys(randomBytes(32)),
    now,
    onError: () => {},
  })
  const { keys } = auth
  const api = createApiServer({
    ...{ issuer, audience, baseUrl: issuer },
    ...{ keys, store: telemetryStore, now },
  })
  const routes: Route[] = []
  const http = await createHttpServer({
    applications: [auth, api],
    logger: createLogger('silent'),
    tls: null,
    trustedProxies: [],
    onRoute: (route) => routes.push(route),
  })
  await http.ready()
  await http.close()
  await auth.close()
  await telemetryStore.close()
  await authStore.close()
  rmSync(folder, { recursive: true })
  return routes
}
