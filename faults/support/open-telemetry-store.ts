/** Opens a telemetry store by its place. */

import { openSqliteTelemetryStore, type TelemetryStore } from '@modulariot/api'

/** @param database a file, or a `postgres:` URL. */
export async function openTelemetryStore(database: string): Promise<TelemetryStore> {
  if (!database.startsWith('postgres:')) return openSqliteTelemetryStore(database)
  const { openPostgresTelemetryStore } = await import('@modulariot/api/postgres')
  return openPostgresTelemetryStore(database)
}
