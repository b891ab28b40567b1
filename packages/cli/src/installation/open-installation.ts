/** The installation this box belongs to: its data directory, its encryption key, its auth store. */

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { userInfo } from 'node:os'
import {
  type AdminContext,
  type AuthStore,
  deriveInstallationKeys,
  ENCRYPTION_KEY_BYTES,
  type InstallationKeys,
  SealBroken,
  systemContext,
} from '@modulariot/auth'
import { assertOwnDirectory, assertPrivateFile } from '@modulariot/platform/files'
import { nameOf, sqliteFilesOf } from '../config/database.ts'
import { type Config, filesOf } from '../config/parse-config.ts'
import { parseEncryptionKey } from '../config/parsers.ts'
import { CliError } from '../errors/cli-error.ts'
import { createPrivateFile, readPrivateFile } from '../files/private-file.ts'
import { openAuthStore } from '../stores/open-stores.ts'

export interface PreparedInstallation {
  readonly keys: InstallationKeys
  /**
   * What to say of an error of the start. Where the encryption key does not fit and was only just
   * made, another instance was first on the database, and the key is taken back.
   */
  explain(error: unknown): unknown
}

/**
 * Makes the data directory where it is missing.
 *
 * @throws UnsafePermissions when other users could have put something into it.
 */
export function prepareDataDirectory(config: Config): void {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  assertOwnDirectory(config.dataDir)
  // The others are checked as they are opened.
  assertPrivateFile(filesOf(config).auditCheckpoints)
}

/** Makes the data directory and the encryption key where they are missing. */
export async function prepareInstallation(
  config: Config,
  store: AuthStore,
): Promise<PreparedInstallation> {
  prepareDataDirectory(config)
  const { key, from } = await encryptionKeyOf(config, store)
  const { encryptionKey: path } = filesOf(config)
  return {
    keys: deriveInstallationKeys(key),
    explain(error) {
      if (!(error instanceof SealBroken) || from === 'setting') return error
      if (from === 'file') return new CliError('failure', wrongKey(config, path))
      if (keyFromFile(config)?.key.every((byte, at) => byte === key[at])) rmSync(path)
      return new CliError('failure', missingKey(config, path))
    },
  }
}

interface EncryptionKey {
  readonly key: Uint8Array
  readonly from: 'setting' | 'file' | 'made'
}

async function encryptionKeyOf(config: Config, store: AuthStore): Promise<EncryptionKey> {
  if (config.encryptionKey !== null) return { key: config.encryptionKey, from: 'setting' }
  return keyFromFile(config) ?? makeKey(config, store)
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
    const { keys } = await prepareInstallation(config, store)
    return { keys, store }
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
  work: (admin: AdminContext, keys: InstallationKeys) => Promise<void>,
): Promise<void> {
  const { keys, store } = await openInstallation(config)
  try {
    await work(operatorContext(store, keys), keys)
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
function keyFromFile(config: Config): EncryptionKey | null {
  const { encryptionKey: path } = filesOf(config)
  const text = readPrivateFile(path)
  if (text === null) return null
  try {
    return { key: parseEncryptionKey(text.trim()), from: 'file' }
  } catch (error) {
    throw new CliError('failure', `${path}: the key ${(error as Error).message}`)
  }
}

/**
 * A new key beside an old database would open nothing: better to say so than to make it.
 *
 * Instances may start at once. On one data directory the first makes the key and the others take
 * it; with a directory each, the first to put a signing key into the database is right, and
 * `explain` tells the others.
 */
async function makeKey(config: Config, store: AuthStore): Promise<EncryptionKey> {
  const { encryptionKey: path } = filesOf(config)
  const inUse = await isInUse(store)
  const others = keyFromFile(config)
  if (others !== null) return others
  if (inUse) throw new CliError('failure', missingKey(config, path))
  const key = randomBytes(ENCRYPTION_KEY_BYTES)
  const made = createPrivateFile(path, `${key.toString('base64url')}\n`)
  return made ? { key: new Uint8Array(key), from: 'made' } : makeKey(config, store)
}

function wrongKey({ database }: Config, path: string): string {
  return (
    `${path} does not decrypt the signing keys of ${nameOf(database)}: restore the key that they were ` +
    'encrypted with, or set MIOT_ENCRYPTION_KEY to it'
  )
}

function missingKey({ database }: Config, path: string): string {
  if (database.kind === 'sqlite') {
    const { auth } = sqliteFilesOf(database.directory)
    return `${path} is missing, and the keys in ${auth} are encrypted with it: restore it, or set MIOT_ENCRYPTION_KEY`
  }
  return (
    `${nameOf(database)} is in use, but the encryption key of its instances is missing here: set ` +
    'MIOT_ENCRYPTION_KEY to it (encryption.key in the data directory of the first instance)'
  )
}

/** Whether something in it was made with an encryption key. */
async function isInUse(store: AuthStore): Promise<boolean> {
  const organizations = await store.listOrganizations()
  return organizations.length > 0 || (await store.listSigningKeys()).length > 0
}
