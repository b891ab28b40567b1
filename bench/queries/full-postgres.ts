/** A full store in a PostgreSQL database, with a partition for each of its weeks. */

import { makeRoom } from '@modulariot/api/postgres'
import pg from 'pg'
import { TELEMETRY_TABLES } from '../../packages/api/src/store/tables.ts'
import {
  type Amounts,
  assetName,
  EVENT_TYPES,
  FLEET,
  type FullStore,
  KEYS,
  type Owner,
  type Piece,
  SPAN_MS,
  START_MS,
  WEEK_STARTS,
} from './full-store.ts'

const ASSETS_PER_PIECE = 50

/** $1 tenant, $2 and $3 the first and last asset, $4 how many rows each; n counts from 0. */
const ROWS = `FROM generate_series($2::bigint, $3::bigint) AS asset, generate_series(0, $4::bigint - 1) AS n`
const TIME = `${START_MS} + n * (${SPAN_MS} / $4::bigint)`
const SEQ = `n * ${FLEET} + asset`

const FILL = {
  observations: `INSERT INTO telemetry.observations
    SELECT $1::bigint, ${SEQ}, asset, ${TIME}, ${START_MS},
      format('{"asset_id":"TRUCK-%s","timestamp":"2026-01-15T12:00:00.000Z","type":"Truck",' ||
        '"gps":{"latitude":-33.4489,"longitude":-70.6693,"speed":%s,"heading":180,"accuracy":5}}',
        lpad(asset::text, 4, '0'), n % 90) ${ROWS}`,
  positions: `INSERT INTO telemetry.positions
    SELECT $1::bigint, asset, ${TIME}, ${SEQ}, -33.4489 + n / 1e6, -70.6693 + n / 1e6, 570, n % 90,
      n % 360, 5, 11 ${ROWS}`,
  metrics: `INSERT INTO telemetry.metrics
    SELECT $1::bigint, asset, key, ${TIME}, -1, ${SEQ}, 0, n % 97, NULL, 'rpm', 'obd2', 'ok'
    ${ROWS}, unnest('{${KEYS.join(',')}}'::text[]) AS key`,
  events: `INSERT INTO telemetry.events
    SELECT $1::bigint, ${TIME}, ${SEQ}, 0, asset, ('{${EVENT_TYPES.join(',')}}'::text[])[1 + n % 4], 'high',
      '{"event_type":"harsh_braking","timestamp":"2026-01-15T12:00:00Z","severity":"high"}' ${ROWS}`,
} as const

export async function openFullPostgres(url: string): Promise<FullStore> {
  const client = new pg.Client(url)
  await client.connect()
  // These rows are discarded after the run.
  await client.query('SET synchronous_commit = off')
  const names = new Map<string, string>()
  return {
    pieces: (owner, amounts) => piecesOf(client, owner, amounts),
    // Autovacuum would have done this over time.
    finish: async () => void (await client.query('VACUUM ANALYZE')),
    async query(text, values) {
      const name = names.get(text) ?? `bare_${names.size}`
      names.set(text, name)
      return (await client.query({ name, text, values: [...values] })).rows
    },
    close: () => client.end(),
  }
}

async function piecesOf(client: pg.Client, owner: Owner, amounts: Amounts): Promise<Piece[]> {
  await makeWeeks(client)
  const tenant = await makeOwner(client, owner, amounts)
  const counts = {
    positions: amounts.positions,
    metrics: amounts.valuesPerKey,
    observations: amounts.reports,
    events: amounts.events,
  }
  return Object.entries(counts).flatMap(([table, count]) => {
    const text = FILL[table as keyof typeof FILL]
    return Array.from({ length: FLEET / ASSETS_PER_PIECE }, (_, piece): Piece => {
      const first = 1 + piece * ASSETS_PER_PIECE
      const rows = ASSETS_PER_PIECE * count * (table === 'metrics' ? KEYS.length : 1)
      const values = [tenant, first, first + ASSETS_PER_PIECE - 1, count]
      return { table, rows, make: async () => void (await client.query(text, values)) }
    })
  })
}

async function makeWeeks(client: pg.Client): Promise<void> {
  const query = (text: string, values: readonly unknown[] = []) =>
    client.query(text, [...values]).then(({ rows, rowCount }) => ({ rows, count: rowCount ?? 0 }))
  const observations = TELEMETRY_TABLES.find(({ name }) => name === 'observations')
  if (observations === undefined) throw new Error('no table observations')
  const at = Object.keys(observations.columns).indexOf('timestamp_ms')
  const weeks = WEEK_STARTS.map((start) => Object.assign([], { [at]: start }))
  for (let attempt = 1; ; attempt++) {
    await client.query('BEGIN')
    try {
      await makeRoom(query as Parameters<typeof makeRoom>[0], observations, weeks)
      await client.query('COMMIT')
      return
    } catch (error) {
      await client.query('ROLLBACK')
      // The server creates the next weeks two seconds after its start, perhaps at this moment.
      if (attempt === 3) throw error
    }
  }
}

async function makeOwner(
  client: pg.Client,
  { org_id, environment }: Owner,
  { reports }: Amounts,
): Promise<number> {
  const { rows } = await client.query(
    `INSERT INTO telemetry.tenants (org_id, environment, last_seq) VALUES ($1, $2, $3) RETURNING tenant`,
    [org_id, environment, reports * FLEET],
  )
  const tenant = Number(rows[0].tenant)
  const last = reports - 1
  const newest = START_MS + last * Math.floor(SPAN_MS / reports)
  const numbers = Array.from({ length: FLEET }, (_, index) => index + 1)
  await client.query(
    `INSERT INTO telemetry.assets OVERRIDING SYSTEM VALUE
     SELECT asset, $1::bigint, name, 'Truck', $2::bigint, ${START_MS}, ${START_MS},
       $3::bigint * ${FLEET} + asset
     FROM unnest($4::bigint[], $5::text[]) AS a (asset, name)`,
    [tenant, newest, last, numbers, numbers.map(assetName)],
  )
  return tenant
}
