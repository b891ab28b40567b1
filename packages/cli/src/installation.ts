/** The installation this box belongs to: its data directory, its encryption key, its auth store. */

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import {
  type AdminContext,
  type AuthStore,
  deriveInstallationKeys,
  ENCRYPTION_KEY_BYTES,
  type InstallationKeys,
  systemContext,
} from '@modulariot/auth'
import { CliError } from './cli-error.ts'
import { nameOf, sqliteFilesOf } from './config/database.ts'
import { type Config, filesOf, parseEncryptionKey } from './config/parse-config.ts'
import { writePrivateFile } from './private-file.ts'
import { openAuthStore } from './stores.ts'

/** Makes the data directory and the encryption key where they are missing. */
export async function prepareInstallation(
  config: Config,
  store: AuthStore,
): Promise<InstallationKeys> {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const key = config.encryptionKey ?? loadEncryptionKey(config) ?? (await makeKey(config, store))
  return deriveInstallationKeys(key)
}

/** The keys and the auth store of an installation that `miot serve` has made before. */
export async function openInstallation(
  config: Config,
): Promise<{ keys: InstallationKeys; store: AuthStore }> {
  const { database } = config
  if (database.kind === 'sqlite' && !existsSync(sqliteFilesOf(database.directory).auth)) {
    throw noInstallation(config)
  }
  const store = await openAuthStore(database)
  try {
    if (database.kind === 'postgres' && !(await isInUse(store))) throw noInstallation(config)
    return { keys: await prepareInstallation(config, store), store }
  } catch (error) {
    await store.close()
    throw error
  }
}

function noInstallation({ database }: Config): CliError {
  const variable = database.kind === 'sqlite' ? 'MIOT_DATA_DIR' : 'MIOT_DATABASE_URL'
  return new CliError(
    'not_found',
    `There is no installation in ${nameOf(database)}: run miot serve first, or set ${variable}`,
  )
}

/** Runs `work` as the operator of the installation on this box, and closes it behind. */
export async function withInstallation(
  config: Config,
  work: (admin: AdminContext) => Promise<void>,
): Promise<void> {
  const { keys, store } = await openInstallation(config)
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

/** Null when there is none. */
function loadEncryptionKey(config: Config): Uint8Array | null {
  const { encryptionKey: path } = filesOf(config)
  if (!existsSync(path)) return null
  try {
    return parseEncryptionKey(readFileSync(path, 'utf8').trim())
  } catch (error) {
    throw new CliError('failure', `${path}: the key ${(error as Error).message}`)
  }
}

/** A new key beside an old database would open nothing: better to say so than to make it. */
async function makeKey(config: Config, store: AuthStore): Promise<Uint8Array> {
  const { encryptionKey: path } = filesOf(config)
  if (await isInUse(store)) throw new CliError('failure', missingKey(config, path))
  const key = randomBytes(ENCRYPTION_KEY_BYTES)
  writePrivateFile(path, `${key.toString('base64url')}\n`)
  return new Uint8Array(key)
}

function missingKey({ database }: Config, path: string): string {
  if (database.kind === 'sqlite') {
    const { auth } = sqliteFilesOf(database.directory)
    return `${path} is missing, and ${auth} was made with it: restore it or set MIOT_ENCRYPTION_KEY`
  }
  return (
    `${nameOf(database)} is in use, and this instance has no encryption key: set MIOT_ENCRYPTION_KEY ` +
    'to the one of the instances that use it (encryption.key in the data directory of the first)'
  )
}

/** Whether something in it was made with an encryption key. */
async function isInUse(store: AuthStore): Promise<boolean> {
  const organizations = await store.listOrganizations()
  return organizations.length > 0 || (await store.updateSigningKeys(() => null)).length > 0
}
