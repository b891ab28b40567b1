/** The telemetry store on one SQLite file: reads here, writes on the writer thread. */

import { attempt, migrate, openDatabase, readMigrations } from '@modulariot/platform/storage'
import type { Asset, TelemetryStore } from '../store.ts'
import { Writer } from './writer.ts'

/** @throws Error when the file cannot be opened or its migrations do not fit this program. */
export function openSqliteTelemetryStore(path: string): TelemetryStore {
  const database = openDatabase(path)
  migrate(database, readMigrations(new URL('./migrations/', import.meta.url)))
  const writer = new Writer(path)
  const columns = `asset_id, type, a.timestamp_ms, first_received_ms, last_received_ms,
    (SELECT payload FROM observations WHERE observation_id = latest_observation_id) AS payload`
  const ping = database.prepare('SELECT 1')
  const asset = database.prepare(
    `SELECT ${columns} FROM assets a WHERE org_id = ? AND environment = ? AND asset_id = ?`,
  )
  const assetsAfter = database.prepare(
    `SELECT ${columns} FROM assets a
     WHERE org_id = ? AND environment = ? AND asset_id > ? ORDER BY asset_id LIMIT ?`,
  )

  return {
    ping: () => attempt(() => void ping.get()),
    append: (batch) => writer.append(batch),
    findAsset: ({ org_id, environment }, asset_id) =>
      attempt(() => {
        const row = asset.get(org_id, environment, asset_id)
        return row === undefined ? null : assetOf(row)
      }),
    listAssets: ({ org_id, environment }, { after, limit }) =>
      attempt(() => {
        const found = assetsAfter.all(org_id, environment, after ?? '', limit + 1).map(assetOf)
        const assets = found.slice(0, limit)
        return { assets, next: found.length > limit ? (assets.at(-1)?.asset_id ?? null) : null }
      }),
    close: async () => {
      await writer.close()
      database.close()
    },
  }
}

/** The columns are named as the record is, and STRICT tables hold the types. */
function assetOf(row: Record<string, unknown>): Asset {
  return row as unknown as Asset
}
