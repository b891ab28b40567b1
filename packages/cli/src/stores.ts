/** Opening the stores, wherever they are. What PostgreSQL needs is loaded only where it is used. */

import { openSqliteTelemetryStore, type TelemetryStore } from '@modulariot/api'
import { type AuthStore, openSqliteAuthStore } from '@modulariot/auth'
import { type Database, sqliteFilesOf } from './config/database.ts'
import type { Config } from './config/parse-config.ts'

/** Migrates it first where that is needed. */
export async function openAuthStore(database: Database): Promise<AuthStore> {
  if (database.kind === 'sqlite') return openSqliteAuthStore(sqliteFilesOf(database.directory).auth)
  const { openPostgresAuthStore } = await import('@modulariot/auth/postgres')
  return openPostgresAuthStore(database.url)
}

/** Until it has one on PostgreSQL, telemetry stays in the data directory. */
export async function openTelemetryStore({ database, dataDir }: Config): Promise<TelemetryStore> {
  const directory = database.kind === 'sqlite' ? database.directory : dataDir
  return openSqliteTelemetryStore(sqliteFilesOf(directory).telemetry)
}
