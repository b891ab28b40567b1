/**
 * Looks up and updates the rows of assets.
 *
 * A batch is often the backlog of one asset, so each asset is read and written at most once per
 * batch, whatever the number of its reports.
 */

import type { DatabaseSync } from 'node:sqlite'
import type { Observation } from '../store.ts'
import { type AssetState, nextState } from './asset-state.ts'

interface AssetRow extends AssetState {
  readonly asset: number
}

/** The assets of one batch. Valid until the COMMIT of its transaction. */
export interface BatchAssets {
  /** Applies the observation to the state of its asset. @returns the number of the asset. */
  update(tenant: number, one: Observation, seq: number): number
  save(): void
}

export function createAssetTable(database: DatabaseSync): () => BatchAssets {
  // A single statement for an asset with one report in the batch, the common case. Applies the
  // rules of `nextState`.
  const upsert = database.prepare(
    `INSERT INTO assets (tenant, asset_id, type, timestamp_ms, first_received_ms,
       last_received_ms, latest_seq)
     VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)
     ON CONFLICT (tenant, asset_id) DO UPDATE SET
       last_received_ms = max(last_received_ms, excluded.last_received_ms),
       type = CASE WHEN excluded.timestamp_ms >= timestamp_ms
              THEN coalesce(excluded.type, type) ELSE coalesce(type, excluded.type) END,
       latest_seq = CASE WHEN excluded.timestamp_ms >= timestamp_ms
              THEN excluded.latest_seq ELSE latest_seq END,
       timestamp_ms = max(timestamp_ms, excluded.timestamp_ms)
     RETURNING asset, type, timestamp_ms, first_received_ms, last_received_ms, latest_seq`,
  )
  const change = database.prepare(
    `UPDATE assets SET type = ?, timestamp_ms = ?, last_received_ms = ?, latest_seq = ?
     WHERE asset = ?`,
  )

  return () => {
    const known = new Map<string, AssetRow>()
    const changed = new Set<string>()
    return {
      update(tenant, one, seq) {
        const { asset_id, type, timestamp_ms, received_ms } = one
        const name = `${tenant} ${asset_id}`
        const row = known.get(name)
        if (row === undefined) {
          const columns = [tenant, asset_id, type, timestamp_ms, received_ms, seq] as const
          const first = upsert.get(...columns) as unknown as AssetRow
          known.set(name, first)
          return first.asset
        }
        known.set(name, { asset: row.asset, ...nextState(row, one, seq) })
        changed.add(name)
        return row.asset
      },
      save() {
        for (const name of changed) {
          const row = known.get(name) as AssetRow
          const { type, timestamp_ms, last_received_ms, latest_seq, asset } = row
          change.run(type, timestamp_ms, last_received_ms, latest_seq, asset)
        }
      },
    }
  }
}
