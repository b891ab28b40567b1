/** The installation on this machine: its data directory, encryption key and auth store. */

import { randomBytes, timingSafeEqual } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { userInfo } from 'node:os'
import {
  type AdminContext,
  type AuthStore,
  deriveInstallationKeys,
  EncryptionKeys,
  type InstallationKeys,
  systemContext,
} from '@modulariot/auth'
import { ENCRYPTION_KEY_BYTES, SealBroken } from '@modulariot/auth/values'
import {
  assertOwnDirectory,
  assertPrivateFile,
  createDirectories,
} from '@modulariot/platform/files'
import { displayName, sqliteFilesOf } from '../config/database.ts'
import { type Config, filesOf } from '../config/parse-config.ts'
import { parseEncryptionKey } from '../config/parsers.ts'
import { CliError } from '../errors/cli-error.ts'
import { createPrivateFile, readPrivateFile } from '../files/private-file.ts'
import { assertNoUnfinishedRestore } from '../files/unfinished-restore.ts'
import { openAuthStore } from '../stores/open-stores.ts'
import { type ConfigWithKeys, withKeys } from './given-keys.ts'

export interface PreparedInstallation {
  readonly keys: InstallationKeys
  /** Of the key that the encryption key is being changed to; null: it is not. */
  readonly newKeys: InstallationKeys | null
  /**
   * The error to report when the start fails. When the encryption key is wrong because another
   * instance initialized the database first, this also removes the key that was just created.
   */
  explain(error: unknown): unknown
}

/**
 * Creates the data directory when it is missing.
 *
 * @throws UnsafePermissions when other users could have written to it; CliError after an
 *   interrupted restore.
 */
export function prepareDataDirectory(config: Config): void {
  assertNoUnfinishedRestore(config)
  createDirectories(config.dataDir)
  assertOwnDirectory(config.dataDir)
  // Other files are checked when they are opened.
  assertPrivateFile(filesOf(config).auditCheckpoints)
}

/** Creates the data directory and the encryption key when they are missing. */
export async function prepareInstallation(
  config: ConfigWithKeys,
  store: AuthStore,
): Promise<PreparedInstallation> {
  prepareDataDirectory(config)
  const { key, from } = await encryptionKeyOf(config, store)
  const { encryptionKey: path } = filesOf(config)
  // Once the change is finished, both settings may hold the same key for a while.
  const { newEncryptionKey: next } = config
  const changes = next !== null && !sameKey(next, key)
  return {
    keys: deriveInstallationKeys(key),
    newKeys: changes ? deriveInstallationKeys(next) : null,
    explain(error) {
      if (!(error instanceof SealBroken) || from === 'setting') return error
      if (from === 'file') return new CliError('failure', wrongKey(config, path))
      const own = keyFromFile(config)
      if (own !== null && sameKey(own.key, key)) rmSync(path)
      return new CliError('failure', missingKey(config, path))
    },
  }
}

export function sameKey(one: Uint8Array, other: Uint8Array): boolean {
  return timingSafeEqual(one, other)
}

interface EncryptionKey {
  readonly key: Uint8Array
  readonly from: 'setting' | 'file' | 'created'
}

async function encryptionKeyOf(config: ConfigWithKeys, store: AuthStore): Promise<EncryptionKey> {
  if (config.encryptionKey !== null) return { key: config.encryptionKey, from: 'setting' }
  return keyFromFile(config) ?? createKey(config, store)
}

export interface OpenInstallation {
  /** Of the encryption key in use. */
  readonly keys: InstallationKeys
  /** Of the second key, while the encryption key is being changed. */
  readonly otherKeys: InstallationKeys | null
  readonly store: AuthStore
}

/** Opens the keys and the auth store of an installation that `miot serve` has created. */
export async function openInstallation(given: Config): Promise<OpenInstallation> {
  const { database } = given
  assertNoUnfinishedRestore(given)
  if (database.kind === 'sqlite' && !existsSync(sqliteFilesOf(database.directory).auth)) {
    throw noInstallation(given)
  }
  const config = await withKeys(given)
  const store = await openAuthStore(database)
  try {
    if (database.kind === 'postgres' && !(await isInUse(store))) throw noInstallation(config)
    const { keys, newKeys } = await prepareInstallation(config, store)
    if (newKeys === null) return { keys, otherKeys: null, store }
    const both = new EncryptionKeys(keys, newKeys)
    await both.followStore(store)
    return { keys: both.keysInUse, otherKeys: both.otherKeys, store }
  } catch (error) {
    await store.close()
    throw error
  }
}

function noInstallation({ database }: Config): CliError {
  const variable = database.kind === 'sqlite' ? 'MIOT_DATA_DIR' : 'MIOT_DATABASE_URL'
  return new CliError(
    'not_found',
    `There is no installation in ${displayName(database)}: run miot serve first, or set ${variable}`,
  )
}

/** Runs `work` as the operator of the installation on this machine. */
export async function withInstallation(
  config: Config,
  work: (admin: AdminContext<AuthStore>, keys: InstallationKeys) => Promise<void>,
): Promise<void> {
  const { keys, store } = await openInstallation(config)
  try {
    await work(operatorContext(store, keys), keys)
  } finally {
    await store.close()
  }
}

/** Local users of `miot` have all rights; the audit trail records their user name. */
export function operatorContext(store: AuthStore, keys: InstallationKeys): AdminContext<AuthStore> {
  return {
    ...systemContext({ store, digestKey: keys.secretDigest, now: Date.now }),
    actor: { kind: 'operator', name: userName() },
  }
}

/** A container may run as a user id that has no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.()}`
  }
}

/** Null when the file is missing. */
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
 * Creates an encryption key, unless the database is in use: a new key could not decrypt it.
 *
 * Instances may start concurrently. With a shared data directory, the first creates the key and the
 * others read it. With separate directories, the first instance to store a signing key wins, and
 * `explain` reports the problem on the others.
 */
async function createKey(config: Config, store: AuthStore): Promise<EncryptionKey> {
  const { encryptionKey: path } = filesOf(config)
  const inUse = await isInUse(store)
  const existing = keyFromFile(config)
  if (existing !== null) return existing
  if (inUse) throw new CliError('failure', missingKey(config, path))
  const key = randomBytes(ENCRYPTION_KEY_BYTES)
  const created = createPrivateFile(path, `${key.toString('base64url')}\n`)
  return created ? { key: new Uint8Array(key), from: 'created' } : createKey(config, store)
}

function wrongKey({ database }: Config, path: string): string {
  return (
    `${path} does not decrypt the signing keys of ${displayName(database)}: restore the key that they were ` +
    'encrypted with (after miot keys reseal, the new key), or set MIOT_ENCRYPTION_KEY to it'
  )
}

function missingKey({ database }: Config, path: string): string {
  if (database.kind === 'sqlite') {
    const { auth } = sqliteFilesOf(database.directory)
    return `${path} is missing, and the keys in ${auth} are encrypted with it: restore it, or set MIOT_ENCRYPTION_KEY`
  }
  return (
    `${displayName(database)} is in use, but the encryption key of its instances is missing here: set ` +
    'MIOT_ENCRYPTION_KEY to it (encryption.key in the data directory of the first instance)'
  )
}

/** Whether the store may contain data that depends on an encryption key. */
async function isInUse(store: AuthStore): Promise<boolean> {
  const organizations = await store.listOrganizations()
  return organizations.length > 0 || (await store.listSigningKeys()).length > 0
}
