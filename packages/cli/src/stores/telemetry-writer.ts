/**
 * The writer of the telemetry store that all workers of one server share, for the process that
 * starts them. Loads no store: a worker has opened and migrated it before it calls the writer.
 */

import type { WriterHost } from '@modulariot/api/telemetry-writer'
import { type Database, sqliteFilesOf } from '../config/database.ts'

/** The channel between the writer and the store of a worker. */
export const TELEMETRY_CHANNEL = 'telemetry'

/**
 * Its thread starts with the first call of a worker. Close it after the workers have ended.
 *
 * @returns null on PostgreSQL, to which each worker writes by itself.
 */
export async function openTelemetryWriter(database: Database): Promise<WriterHost | null> {
  if (database.kind !== 'sqlite') return null
  const { hostTelemetryWriter } = await import('@modulariot/api/telemetry-writer')
  return hostTelemetryWriter({ path: sqliteFilesOf(database.directory).telemetry })
}
