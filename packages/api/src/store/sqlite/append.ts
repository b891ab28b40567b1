/** Writes a batch of observations in one transaction, with one fsync. Runs on the writer thread. */

import type { DatabaseSync } from 'node:sqlite'
import { atomically } from '@modulariot/platform/storage'
import type { AppendOutcome, Observation } from '../store.ts'

export type Append = (batch: readonly Observation[]) => AppendOutcome[]

export function createAppend(database: DatabaseSync): Append {
  const insertObservation = database.prepare(
    `INSERT INTO observations (org_id, environment, client_id, request_id, body_digest, asset_id,
       timestamp_ms, received_ms, payload)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (org_id, environment, client_id, request_id) DO NOTHING`,
  )
  const firstDigest = database.prepare(
    `SELECT body_digest FROM observations
     WHERE org_id = ? AND environment = ? AND client_id = ? AND request_id = ?`,
  )
  // Late data counts as heard of, but does not replace a newer state.
  const upsertAsset = database.prepare(
    `INSERT INTO assets (org_id, environment, asset_id, type, timestamp_ms, first_received_ms,
       last_received_ms, latest_observation_id)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)
     ON CONFLICT (org_id, environment, asset_id) DO UPDATE SET
       last_received_ms = max(last_received_ms, excluded.last_received_ms),
       type = CASE WHEN excluded.timestamp_ms >= timestamp_ms
              THEN coalesce(excluded.type, type) ELSE coalesce(type, excluded.type) END,
       latest_observation_id = CASE WHEN excluded.timestamp_ms >= timestamp_ms
              THEN excluded.latest_observation_id ELSE latest_observation_id END,
       timestamp_ms = max(timestamp_ms, excluded.timestamp_ms)`,
  )

  function appendOne(one: Observation): AppendOutcome {
    const request = [one.org_id, one.environment, one.client_id, one.request_id] as const
    const inserted = insertObservation.run(
      ...request,
      one.body_digest,
      one.asset_id,
      one.timestamp_ms,
      one.received_ms,
      one.payload,
    )
    if (inserted.changes === 0) {
      const first = firstDigest.get(...request)?.body_digest as Uint8Array
      return Buffer.compare(first, one.body_digest) === 0 ? 'replayed' : 'conflict'
    }
    upsertAsset.run(
      one.org_id,
      one.environment,
      one.asset_id,
      one.type,
      one.timestamp_ms,
      one.received_ms,
      inserted.lastInsertRowid,
    )
    return 'stored'
  }

  return (batch) => atomically(database, () => batch.map(appendOne))
}
