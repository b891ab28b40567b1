/** The content of a store, read without the ports: each observation, and the number of its rows. */

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openPostgres } from '@modulariot/platform/postgres'

export interface StoredRequest {
  readonly request_id: string
  readonly item: number
  /** The number of its rows in each of the tables that it is split into. */
  readonly positions: number
  readonly metrics: number
  readonly events: number
}

const question = (schema: string): string => `SELECT o.request_id, o.item,
  (SELECT count(*) FROM ${schema}positions p WHERE p.tenant = o.tenant AND p.asset = o.asset
     AND p.timestamp_ms = o.timestamp_ms AND p.seq = o.seq) AS positions,
  (SELECT count(*) FROM ${schema}metrics m WHERE m.tenant = o.tenant AND m.asset = o.asset
     AND m.key = 'x.fault' AND m.timestamp_ms = o.timestamp_ms AND m.seq = o.seq) AS metrics,
  (SELECT count(*) FROM ${schema}events e WHERE e.tenant = o.tenant
     AND e.timestamp_ms = o.timestamp_ms AND e.seq = o.seq) AS events
  FROM ${schema}observations o`

/** @param place a data directory, or a `postgres:` URL. */
export async function storedRequests(place: string): Promise<StoredRequest[]> {
  if (!place.startsWith('postgres')) {
    using database = new DatabaseSync(join(place, 'telemetry.db'))
    const check = database.prepare('PRAGMA integrity_check').get()
    if (check?.integrity_check !== 'ok') throw new Error(`${check?.integrity_check}`)
    return database.prepare(question('')).all() as unknown as StoredRequest[]
  }
  const postgres = openPostgres(place)
  try {
    const answer = await postgres.query<StoredRequest>(question('telemetry.'), [], {
      timeoutMs: 60_000,
    })
    return answer.rows
  } finally {
    await postgres.close()
  }
}

/** A report with one of everything, so that a count of rows reveals an incomplete one. */
export function faultReport(asset_id: string, filler = ''): object {
  const timestamp = new Date().toISOString()
  return {
    asset_id,
    timestamp,
    gps: { latitude: -33.45, longitude: -70.66 },
    metrics: { schema: 'miot.metrics@1.0', items: [{ k: 'x.fault', v: 1 }] },
    events: [{ event_type: 'fault', timestamp }],
    filler,
  }
}
