/** The content of a store, read without the ports: each observation, and the number of its rows. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openPostgres } from '@modulariot/platform/postgres'
import { requestHash } from '../../packages/api/src/store/request-hash.ts'

/** The number of an observation's rows in each of the tables that it is split into. */
interface StoredReport {
  readonly asset: number
  readonly positions: number
  readonly metrics: number
  readonly events: number
}

interface StoredRequest {
  readonly asset: number
  readonly hash: Uint8Array
}

interface Stored {
  /** As `requestName` names them. */
  readonly requests: ReadonlySet<string>
  readonly reports: readonly StoredReport[]
}

const nameOf = (hash: Uint8Array): string => Buffer.from(hash).toString('hex')

/** What the store keeps of an item of a request. */
export function requestName(client_id: string, request_id: string, item = 0): string {
  return nameOf(requestHash({ client_id, request_id, item }))
}

const reportsIn = (schema: string): string => `SELECT o.asset,
  (SELECT count(*) FROM ${schema}positions p WHERE p.tenant = o.tenant AND p.asset = o.asset
     AND p.timestamp_ms = o.timestamp_ms AND p.seq = o.seq) AS positions,
  (SELECT count(*) FROM ${schema}metrics m WHERE m.tenant = o.tenant AND m.asset = o.asset
     AND m.key = 'x.fault' AND m.timestamp_ms = o.timestamp_ms AND m.seq = o.seq) AS metrics,
  (SELECT count(*) FROM ${schema}events e WHERE e.tenant = o.tenant
     AND e.timestamp_ms = o.timestamp_ms AND e.seq = o.seq) AS events
  FROM ${schema}observations o`

const requestsIn = (schema: string): string => `SELECT asset, hash FROM ${schema}requests`

/**
 * Asserts that each observation has its request, and each request its observation.
 *
 * @param place a data directory, or a `postgres:` URL.
 */
export async function storedRequests(place: string): Promise<Stored> {
  const { requests, reports } = await read(place)
  assert.deepEqual(countsOf(reports), countsOf(requests), 'as many reports as requests, each asset')
  const names = requests.map(({ asset, hash }) => `${asset} ${nameOf(hash)}`)
  assert.equal(new Set(names).size, names.length, 'no request is there twice')
  return { requests: new Set(requests.map(({ hash }) => nameOf(hash))), reports }
}

async function read(place: string): Promise<{
  readonly requests: readonly StoredRequest[]
  readonly reports: readonly StoredReport[]
}> {
  if (!place.startsWith('postgres')) {
    using database = new DatabaseSync(join(place, 'telemetry.db'))
    const check = database.prepare('PRAGMA integrity_check').get()
    if (check?.integrity_check !== 'ok') throw new Error(`${check?.integrity_check}`)
    return {
      requests: database.prepare(requestsIn('')).all() as unknown as StoredRequest[],
      reports: database.prepare(reportsIn('')).all() as unknown as StoredReport[],
    }
  }
  const postgres = openPostgres(place)
  const all = async <Row extends object>(text: string): Promise<Row[]> =>
    (await postgres.query<Row>(text, [], { timeoutMs: 60_000 })).rows
  try {
    return {
      requests: await all<StoredRequest>(requestsIn('telemetry.')),
      reports: await all<StoredReport>(reportsIn('telemetry.')),
    }
  } finally {
    await postgres.close()
  }
}

function countsOf(rows: readonly { readonly asset: number }[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>()
  for (const { asset } of rows) counts.set(asset, (counts.get(asset) ?? 0) + 1)
  return new Map([...counts].sort(([a], [b]) => a - b))
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
