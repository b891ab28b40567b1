/** Opening the stores, wherever they are. What PostgreSQL needs is loaded only where it is used. */

import { openSqliteTelemetryStore, type TelemetryStore } from '@modulariot/api'
import { type AuthStore, openSqliteAuthStore } from '@modulariot/auth'
import { appliedVersion, type Migrated } from '@modulariot/platform/storage'
import { type Database, sqliteFilesOf } from './config/database.ts'
import type { Config } from './config/parse-config.ts'

/** Migrates it first where that is needed. */
export async function openAuthStore(database: Database): Promise<AuthStore> {
  if (database.kind === 'sqlite') return openSqliteAuthStore(sqliteFilesOf(database.directory).auth)
  const { openPostgresAuthStore } = await import('@modulariot/auth/postgres')
  return openPostgresAuthStore(database.url)
}

/** Migrates it first where that is needed. */
export async function openTelemetryStore(config: Config): Promise<TelemetryStore> {
  const { directory } = telemetryDatabase(config)
  return openSqliteTelemetryStore(sqliteFilesOf(directory).telemetry)
}

/** Until it has a store on PostgreSQL, telemetry stays in the data directory. */
function telemetryDatabase({ database, dataDir }: Config) {
  return database.kind === 'sqlite' ? database : ({ kind: 'sqlite', directory: dataDir } as const)
}

export type StoreName = 'auth' | 'telemetry'

export interface MigratedStore extends Migrated {
  readonly store: StoreName
  readonly database: Database
}

/** Brings both stores to the newest version; where there is none yet, it is made. */
export async function migrateStores(config: Config): Promise<MigratedStore[]> {
  return [
    await migrateStore('auth', config.database, () => openAuthStore(config.database)),
    await migrateStore('telemetry', telemetryDatabase(config), () => openTelemetryStore(config)),
  ]
}

/** Opening a store is what migrates it. */
async function migrateStore(
  store: StoreName,
  database: Database,
  open: () => Promise<{ close(): Promise<void> }>,
): Promise<MigratedStore> {
  const from = await versionOf(store, database)
  const opened = await open()
  await opened.close()
  return { store, database, from, to: await versionOf(store, database) }
}

/** 0 where there is none yet. */
async function versionOf(store: StoreName, database: Database): Promise<number> {
  if (database.kind === 'sqlite') return appliedVersion(sqliteFilesOf(database.directory)[store])
  const { appliedPostgresVersion } = await import('@modulariot/platform/postgres')
  return appliedPostgresVersion(database.url, store)
}
