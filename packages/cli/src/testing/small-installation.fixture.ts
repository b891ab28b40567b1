/** An installation of two empty stores, and contexts for commands that run in this process. */

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { deriveInstallationKeys } from '@modulariot/auth'
import { createAuthServer } from '@modulariot/auth/server'
import type { Context } from '../command/context.ts'
import { parseConfig } from '../config/parse-config.ts'
import type { Environment } from '../config/read-settings.ts'
import { openAuthStore, openTelemetryStore } from '../stores/open-stores.ts'
import { createOutput } from '../terminal/output.ts'

export const ISSUER = 'http://localhost:8080'

/** @param hex an encryption key. */
export const keysOf = (hex: string) => deriveInstallationKeys(Buffer.from(hex, 'hex'))

/** @param printed gets what commands print, as text. */
export function contextOf(dataDir: string, env: Environment, printed: string[] = []): Context {
  const settings = { MIOT_DATA_DIR: dataDir, MIOT_ISSUER: ISSUER, ...env }
  return {
    config: () => parseConfig(settings, () => assert.fail()),
    output: createOutput(false, (text) => printed.push(text)),
    fetch,
    tokenDirectory: null,
    url: null,
  }
}

/** With signing keys that are sealed with the key, which is in its directory. */
export async function createInstallation(
  dataDir: string,
  hex: string,
  env: Environment = {},
): Promise<void> {
  mkdirSync(dataDir, { mode: 0o700 })
  writeFileSync(`${dataDir}/encryption.key`, hex, { mode: 0o600 })
  const { database } = contextOf(dataDir, env).config()
  await (await openTelemetryStore(database)).close()
  const store = await openAuthStore(database)
  const server = await createAuthServer({
    ...{ issuer: ISSUER, store, installationKeys: keysOf(hex), now: Date.now },
    onError: (error) => assert.fail(String(error)),
  })
  await server.close()
  await store.close()
}
