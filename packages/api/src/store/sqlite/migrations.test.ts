import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { migrate, openDatabase, readMigrations } from '@modulariot/platform/storage'
import { assertMigrated, OLD_OBSERVATIONS } from '../conformance/first-light.ts'
import { openSqliteTelemetryStore } from './sqlite-store.ts'

it('SQLite: the migration to time series keeps existing data', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'miot-'))
  const path = join(folder, 'telemetry.db')
  const database = openDatabase(path)
  migrate(database, readMigrations(new URL('./migrations/', import.meta.url)).slice(0, 1))
  const observation = database.prepare(
    'INSERT INTO observations VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING observation_id AS id',
  )
  const asset = database.prepare(
    'INSERT OR IGNORE INTO assets VALUES (?1, ?2, ?3, NULL, ?4, ?5, ?5, ?6)',
  )
  for (const one of OLD_OBSERVATIONS) {
    const { org_id, environment, client_id, request_id, body_digest } = one
    const { asset_id, timestamp_ms, received_ms, payload } = one
    const request = [org_id, environment, client_id, request_id, body_digest]
    const row = observation.get(...request, asset_id, timestamp_ms, received_ms, payload)
    asset.run(org_id, environment, asset_id, timestamp_ms, received_ms, row?.id ?? 0)
  }
  database.close()
  const store = openSqliteTelemetryStore(path)
  await assertMigrated(store)
  await store.close()
  rmSync(folder, { recursive: true })
})
