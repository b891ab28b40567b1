import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { openDatabase } from '@modulariot/platform/storage'
import {
  assertMigrated,
  assertRequestsKnown,
  columnsAsTexts,
  OLD_OBSERVATIONS,
  REQUESTS_AS_TEXTS,
} from '../conformance/first-light.ts'
import { migrateTelemetry } from './migrate.ts'
import { openSqliteTelemetryStore } from './sqlite-store.ts'

it('SQLite: the migration to time series keeps existing data', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
  const path = join(folder.path, 'telemetry.db')
  const database = openDatabase(path)
  migrateTelemetry(database, 1)
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
})

it('SQLite: the migration to hashes of requests knows every request', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
  const path = join(folder.path, 'telemetry.db')
  const database = openDatabase(path)
  migrateTelemetry(database, 4)
  database.exec(`INSERT INTO tenants VALUES (1, 'org_1', 'production', 5);
    INSERT INTO assets VALUES (1, 1, 'truck', NULL, 0, 0, 0, 5), (2, 1, 'van', NULL, 0, 0, 0, 3)`)
  const insert = database.prepare('INSERT INTO observations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  for (const [index, one] of REQUESTS_AS_TEXTS.entries()) {
    const asset = one.asset_id === 'truck' ? 1 : 2
    insert.run(...columnsAsTexts(one, { asset, seq: index + 1 }))
  }
  database.close()
  const store = openSqliteTelemetryStore(path)
  await assertRequestsKnown(store)
  await store.close()
})
