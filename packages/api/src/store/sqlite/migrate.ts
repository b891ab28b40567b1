/** Migrates a SQLite file, with the functions that its migrations call. */

import type { DatabaseSync } from 'node:sqlite'
import { migrate, readMigrations } from '@modulariot/platform/storage'
import { requestHash } from '../request-hash.ts'

const MIGRATIONS = new URL('./migrations/', import.meta.url)

/** The version that this program migrates a database to. */
export function sqliteTelemetryVersion(): number {
  return readMigrations(MIGRATIONS).length
}

/**
 * @param version default: the newest.
 * @throws Error when the migrations do not fit this program.
 */
export function migrateTelemetry(database: DatabaseSync, version?: number): void {
  database.function('request_hash', { deterministic: true }, (client_id, request_id, item) =>
    requestHash({
      client_id: client_id as string,
      request_id: request_id as string,
      item: item as number,
    }),
  )
  migrate(database, readMigrations(MIGRATIONS).slice(0, version))
}
