/** Opening the stores, wherever they are. What PostgreSQL needs is loaded only where it is used. */

import { openSqliteTelemetryStore, type TelemetryStore } from '@modulariot/api'
import { type AuthStore, openSqliteAuthStore } from '@modulariot/auth'
import { appliedVersion, type Migrated } from '@modulariot/platform/storage'
import { type Database, sqliteFilesOf } from '../config/database.ts'

/** Migrates it first where that is needed. */
export async function openAuthStore(database: Database): Promise<AuthStore> {
  if (database.kind === 'sqlite') return openSqliteAuthStore(sqliteFilesOf(database.directory).auth)
  const { openPostgresAuthStore } = await import('@modulariot/auth/postgres')
  return openPostgresAuthStore(database.url)
}

/** Migrates it first where that is needed. */
export async function openTelemetryStore(database: Database): Promise<TelemetryStore> {
  if (database.kind === 'sqlite') {
    return openSqliteTelemetryStore(sqliteFilesOf(database.directory).telemetry)
  }
  const { openPostgresTelemetryStore } = await import('@modulariot/api/postgres')
  return openPostgresTelemetryStore(database.url)
}

export type StoreName = 'auth' | 'telemetry'

export interface MigratedStore extends Migrated {
  readonly store: StoreName
}

/** Brings both stores to the newest version; where there is none yet, it is made. */
export async function migrateStores(database: Database): Promise<MigratedStore[]> {
  return [
    await migrateStore('auth', database, openAuthStore),
    await migrateStore('telemetry', database, openTelemetryStore),
  ]
}

/** Opening a store is what migrates it. */
async function migrateStore(
  store: StoreName,
  database: Database,
  open: (database: Database) => Promise<{ close(): Promise<void> }>,
): Promise<MigratedStore> {
  const from = await versionOf(store, database)
  const opened = await open(database)
  await opened.close()
  return { store, from, to: await versionOf(store, database) }
}

/** 0 where there is none yet. */
async function versionOf(store: StoreName, database: Database): Promise<number> {
  if (database.kind === 'sqlite') return appliedVersion(sqliteFilesOf(database.directory)[store])
  const { appliedPostgresVersion } = await import('@modulariot/platform/postgres')
  return appliedPostgresVersion(database.url, store)
}
