/** The stores and the encryption key: opened and read, never migrated. */

import { accessSync, constants, statSync } from 'node:fs'
import { assertOpensKeys, type ClientView, weaknessOf } from '@modulariot/auth'
import { SealBroken } from '@modulariot/auth/values'
import { StoreUnavailable } from '@modulariot/platform/storage'
import { displayName } from '../config/database.ts'
import { isCommand } from '../config/key-command.ts'
import { type Config, filesOf } from '../config/parse-config.ts'
import { parseEncryptionKey } from '../config/parsers.ts'
import { readPrivateFile } from '../files/private-file.ts'
import { openInstallation } from '../installation/open-installation.ts'
import { databaseClock, type StoreVersion, storeVersions } from '../stores/open-stores.ts'
import { type Check, type CheckContext, fault, ok, type Result, skipped, warn } from './check.ts'

const RESTORE = 'start or restore the database, or correct MIOT_DATA_DIR and MIOT_DATABASE_URL'

export const STORE_CHECKS: readonly Check[] = [
  {
    name: 'encryption key',
    about: 'installation',
    remedy: 'restore the key from a backup, or set MIOT_ENCRYPTION_KEY',
    run: checkEncryptionKey,
  },
  {
    name: 'pooling',
    about: 'installation',
    remedy: 'correct MIOT_DATABASE_URL, or start the database',
    run: ({ config }) => checkPooling(config),
  },
  {
    name: 'database clock',
    about: 'installation',
    remedy: 'correct MIOT_DATABASE_URL, or start the database',
    run: ({ config }) => checkDatabaseClock(config),
  },
  {
    name: 'migrations',
    about: 'installation',
    remedy: RESTORE,
    run: ({ config }) => checkMigrations(config),
  },
  {
    name: 'store and keys',
    about: 'installation',
    remedy: RESTORE,
    run: checkStore,
  },
  {
    name: 'client keys',
    about: 'installation',
    remedy: RESTORE,
    run: checkClientKeys,
  },
  {
    name: 'retention',
    about: 'installation',
    remedy: 'correct MIOT_RETENTION_DAYS',
    run: async ({ config }) => retention(config),
  },
]

async function checkEncryptionKey({ config, withKeys }: CheckContext): Promise<Result> {
  const { encryptionKey: given } = await withKeys()
  if (isCommand(config.encryptionKey)) {
    const { setting, words } = config.encryptionKey
    return ok(`printed by ${words[0]} (${setting})`)
  }
  if (given !== null) return ok('set by MIOT_ENCRYPTION_KEY')
  const { encryptionKey: path } = filesOf(config)
  const text = readPrivateFile(path)
  if (text === null) {
    return fault(`${path} is missing`, 'run miot serve, or restore it, or set MIOT_ENCRYPTION_KEY')
  }
  parseEncryptionKey(text.trim())
  return ok(`${path}; keep a copy apart from the database`)
}

/** The first connection finds a pooler that pools by transaction, and refuses it. */
async function checkPooling({ database }: Config): Promise<Result> {
  if (database.kind === 'sqlite') return skipped('the embedded store has no connections to pool')
  await databaseClock(database)
  return ok(`${displayName(database)} keeps sessions`)
}

/** Longer than a slow round trip, shorter than what tokens forgive. */
const MAX_SKEW_MS = 5000

async function checkDatabaseClock({ database }: Config): Promise<Result> {
  if (database.kind === 'sqlite') return skipped('the embedded store uses this machine’s clock')
  const began = Date.now()
  const there = await databaseClock(database).catch(skippedWhereUnavailable)
  if (typeof there !== 'number') return there
  return skewResult(there - (began + Date.now()) / 2, 'the database')
}

/** @param skewMs the other clock, less this machine's. */
export function skewResult(skewMs: number, whose: string): Result {
  const seconds = Math.round(Math.abs(skewMs) / 1000)
  if (Math.abs(skewMs) <= MAX_SKEW_MS) return ok(`${whose} and this machine agree`)
  const direction = skewMs > 0 ? 'ahead of' : 'behind'
  return fault(
    `the clock of ${whose} is ${seconds} s ${direction} this machine's`,
    'sync both (NTP)',
  )
}

/** Without permission, files look as if they were missing. @throws EACCES */
function assertMayRead({ dataDir, database }: Config): void {
  const stores = database.kind === 'sqlite' ? [database.directory] : []
  for (const directory of [dataDir, ...stores]) {
    if (statSync(directory, { throwIfNoEntry: false }) !== undefined) {
      accessSync(directory, constants.R_OK | constants.X_OK)
    }
  }
}

async function checkMigrations(config: Config): Promise<Result> {
  assertMayRead(config)
  const { database } = config
  const versions = await storeVersions(database)
  const described = versions.map(({ store, applied }) => `${store} ${applied}`).join(', ')
  const newer = versions.find(({ applied, known }) => applied > known)
  if (newer !== undefined) {
    return fault(`the ${newer.store} store is newer than this program`, 'install the newer version')
  }
  if (versions.every(({ applied }) => applied === 0)) {
    return skipped(`${displayName(database)} holds no stores yet`)
  }
  if (versions.some(isPending)) {
    const pending = versions.filter(isPending).map(describePending)
    return warn(pending.join('; '), 'run miot migrate, or start miot serve')
  }
  return ok(`none pending (${described})`)
}

const isPending = ({ applied, known }: StoreVersion): boolean => applied < known

function describePending({ store, applied, known }: StoreVersion): string {
  return `${store}: ${known - applied} pending (${applied} of ${known})`
}

/** Opening a store would migrate it, which is not for a doctor to do. */
async function skippedUnmigrated(config: Config): Promise<Result | null> {
  assertMayRead(config)
  const { database } = config
  const [auth] = await storeVersions(database)
  return auth !== undefined && auth.applied > 0 && isPending(auth)
    ? skipped('migrations are pending')
    : null
}

/** For checks of what is in the store: that it cannot be reached is a fault of other checks. */
export async function skippedWithoutStore(config: Config): Promise<Result | null> {
  return skippedUnmigrated(config).catch(skippedWhereUnavailable)
}

function skippedWhereUnavailable(error: unknown): Result {
  if (error instanceof StoreUnavailable) return skipped('the store cannot be reached')
  throw error
}

/** Its own check has said why. */
export const NO_KEY = skipped('there is no encryption key to open the store with')

async function checkStore({ config, withKeys }: CheckContext): Promise<Result> {
  const unmigrated = await skippedUnmigrated(config)
  if (unmigrated !== null) return unmigrated
  const known = await withKeys().catch(() => null)
  if (known === null) return NO_KEY
  const { keys, store } = await openInstallation(known)
  try {
    const { clients } = await store.listClients({ after: null, limit: 1 })
    await assertOpensKeys(store, keys.sealing)
    return ok(
      clients.length > 0
        ? 'signing keys can be decrypted; clients exist'
        : 'signing keys can be decrypted; no clients yet',
    )
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error
    return fault(
      `the encryption key does not decrypt the signing keys of ${displayName(config.database)}`,
      'restore the key that they were encrypted with, or set MIOT_ENCRYPTION_KEY to it',
    )
  } finally {
    await store.close()
  }
}

const CLIENTS_PER_PAGE = 500

/**
 * Finds weak keys that were registered before registration refused them. Logins with them fail.
 */
async function checkClientKeys({ config, withKeys }: CheckContext): Promise<Result> {
  const unmigrated = await skippedWithoutStore(config)
  if (unmigrated !== null) return unmigrated
  const known = await withKeys().catch(() => null)
  if (known === null) return NO_KEY
  const { store } = await openInstallation(known)
  const weak: string[] = []
  let checked = 0
  try {
    let after: string | null = null
    do {
      const page = await store.listClients({ after, limit: CLIENTS_PER_PAGE })
      for (const client of page.clients) weak.push(...weakKeysOf(client))
      checked += page.clients.reduce((sum, { keys }) => sum + keys.length, 0)
      after = page.next
    } while (after !== null)
  } finally {
    await store.close()
  }
  if (weak.length === 0) return ok(`${checked} registered, none known to be weak`)
  return fault(
    `${weak.slice(0, 3).join('; ')}; ${weak.length} in total`,
    'create new key pairs and register them with miot clients update CLIENT --jwks FILE',
  )
}

function weakKeysOf({ client_id, keys }: Pick<ClientView, 'client_id' | 'keys'>): string[] {
  return keys.flatMap(({ kid, jwk }) => {
    const weakness = weaknessOf(jwk)
    return weakness === null ? [] : `the key ${kid} of ${client_id} ${weakness}`
  })
}

function retention({ retentionDays, auditRetentionDays }: Config): Result {
  const days = (kept: number | null) => (kept === null ? 'forever' : `${kept} days`)
  return ok(`telemetry is kept ${days(retentionDays)}, the audit trail ${days(auditRetentionDays)}`)
}
