/** The installation on this box: its data directory, its encryption key, its auth store. */

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import {
  type AdminContext,
  type AuthStore,
  deriveInstallationKeys,
  ENCRYPTION_KEY_BYTES,
  type InstallationKeys,
  openSqliteAuthStore,
  systemContext,
} from '@modulariot/auth'
import { CliError } from './cli-error.ts'
import { type Config, filesOf, parseEncryptionKey } from './config/parse-config.ts'
import { writePrivateFile } from './private-file.ts'

/** Makes the data directory and the encryption key where they are missing. */
export function prepareInstallation(config: Config): InstallationKeys {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  return deriveInstallationKeys(config.encryptionKey ?? loadOrMakeEncryptionKey(config))
}

/** The keys and the auth store of an installation that `miot serve` has made before. */
export function openInstallation(config: Config): { keys: InstallationKeys; store: AuthStore } {
  const { authDatabase } = filesOf(config)
  if (!existsSync(authDatabase)) {
    throw new CliError(
      'not_found',
      `There is no installation in ${config.databaseDir}: run miot serve first, or set MIOT_DATA_DIR`,
    )
  }
  return { keys: prepareInstallation(config), store: openSqliteAuthStore(authDatabase) }
}

/** Runs `work` as the operator of the installation on this box, and closes it behind. */
export async function withInstallation(
  config: Config,
  work: (admin: AdminContext) => Promise<void>,
): Promise<void> {
  const { keys, store } = openInstallation(config)
  try {
    await work(operatorContext(store, keys))
  } finally {
    await store.close()
  }
}

/** Whoever runs `miot` on the box may do everything, and the trail says who that was. */
export function operatorContext(store: AuthStore, keys: InstallationKeys): AdminContext {
  return {
    ...systemContext({ store, digestKey: keys.secretDigest, now: Date.now }),
    actor: { kind: 'operator', name: userInfo().username },
  }
}

function loadOrMakeEncryptionKey(config: Config): Uint8Array {
  const { encryptionKey: path, authDatabase } = filesOf(config)
  if (!existsSync(path)) {
    // A new key beside an old database would open nothing: better to say so than to make it.
    if (existsSync(authDatabase)) {
      throw new CliError(
        'failure',
        `${path} is missing, and ${authDatabase} was made with it: restore it or set MIOT_ENCRYPTION_KEY`,
      )
    }
    writePrivateFile(path, `${randomBytes(ENCRYPTION_KEY_BYTES).toString('base64url')}\n`)
  }
  try {
    return parseEncryptionKey(readFileSync(path, 'utf8').trim())
  } catch (error) {
    throw new CliError('failure', `${path}: the key ${(error as Error).message}`)
  }
}
