/**
 * Opens the stores on SQLite or PostgreSQL. The PostgreSQL driver is loaded only when used, and so
 * is the telemetry store, which few commands open.
 */

import type { TelemetryStore } from '@modulariot/api'
import { type AuthStore, openSqliteAuthStore, sqliteAuthVersion } from '@modulariot/auth'
import type { Channel } from '@modulariot/platform/peers'
import { appliedVersion, type Migrated } from '@modulariot/platform/storage'
import { type Database, sqliteFilesOf } from '../config/database.ts'

/** Of the pool that each store has in PostgreSQL, in all processes together. */
const POOL_CONNECTIONS = 10
/** Changes take turns on two of them; a login does not wait for those. */
const MIN_POOL_CONNECTIONS = 3

/** The part of a pool that one of `processes` equal processes has. */
function poolOf(processes: number) {
  const share = Math.ceil(POOL_CONNECTIONS / processes)
  return { maxConnections: Math.max(MIN_POOL_CONNECTIONS, share) }
}

/**
 * Migrates the store first when needed.
 *
 * @param processes how many equal processes open it.
 */
export async function openAuthStore(database: Database, processes = 1): Promise<AuthStore> {
  if (database.kind === 'sqlite') return openSqliteAuthStore(sqliteFilesOf(database.directory).auth)
  const { openPostgresAuthStore } = await import('@modulariot/auth/postgres')
  return openPostgresAuthStore(database.url, poolOf(processes))
}

export interface TelemetryPlace {
  /** How many equal processes open it. */
  readonly processes?: number | undefined
  /** In a worker on SQLite: leads to `openTelemetryWriter` in its supervisor. */
  readonly writer?: Channel | undefined
}

/** Migrates the store first when needed. */
export async function openTelemetryStore(
  database: Database,
  { processes = 1, writer }: TelemetryPlace = {},
): Promise<TelemetryStore> {
  if (database.kind === 'sqlite') {
    const { openSqliteTelemetryStore } = await import('@modulariot/api')
    const { telemetry } = sqliteFilesOf(database.directory)
    return openSqliteTelemetryStore(telemetry, writer && { writer })
  }
  const { openPostgresTelemetryStore } = await import('@modulariot/api/postgres')
  return openPostgresTelemetryStore(database.url, poolOf(processes))
}

export type StoreName = 'auth' | 'telemetry'

export interface MigratedStore extends Migrated {
  readonly store: StoreName
}

/** Migrates both stores to the newest version, and creates them when missing. */
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

/** 0 when the store does not exist yet. */
async function versionOf(store: StoreName, database: Database): Promise<number> {
  if (database.kind === 'sqlite') return appliedVersion(sqliteFilesOf(database.directory)[store])
  const { appliedPostgresVersion } = await import('@modulariot/platform/postgres')
  return appliedPostgresVersion(database.url, store)
}

export interface StoreVersion {
  readonly store: StoreName
  /** 0 when the store does not exist yet. */
  readonly applied: number
  /** The version that this program migrates to. */
  readonly known: number
}

/** The versions of both stores. Changes nothing. */
export async function storeVersions(database: Database): Promise<StoreVersion[]> {
  const known = await knownVersions(database)
  return [
    { store: 'auth', applied: await versionOf('auth', database), known: known.auth },
    { store: 'telemetry', applied: await versionOf('telemetry', database), known: known.telemetry },
  ]
}

async function knownVersions({ kind }: Database): Promise<Record<StoreName, number>> {
  if (kind === 'sqlite') {
    const { sqliteTelemetryVersion } = await import('@modulariot/api')
    return { auth: sqliteAuthVersion(), telemetry: sqliteTelemetryVersion() }
  }
  const { postgresAuthVersion } = await import('@modulariot/auth/postgres')
  const { postgresTelemetryVersion } = await import('@modulariot/api/postgres')
  return { auth: postgresAuthVersion(), telemetry: postgresTelemetryVersion() }
}

/** @returns Unix milliseconds on the machine of a PostgreSQL database. @throws StoreUnavailable */
export async function databaseClock({ url }: Extract<Database, { kind: 'postgres' }>) {
  const { postgresClock } = await import('@modulariot/platform/postgres')
  return postgresClock(url)
}
