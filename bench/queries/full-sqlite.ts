/** A full store in SQLite's file, filled while the server has it open. */

import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
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
} from './full-store.ts'

/** Assets per transaction. */
const ASSETS_PER_PIECE = 20

/** $asset, $count and $tenant; n counts from 0, an asset's rows in order of time. */
const FILL = {
  observations: `INSERT INTO observations
    SELECT $tenant, n * ${FLEET} + $asset, $asset, ${START_MS} + n * (${SPAN_MS} / CAST($count AS INTEGER)), ${START_MS},
      printf('{"asset_id":"%s","timestamp":"2026-01-15T12:00:00.000Z","type":"Truck",' ||
        '"gps":{"latitude":-33.4489,"longitude":-70.6693,"speed":%d,"heading":180,"accuracy":5}}',
        $name, n % 90)
    FROM numbers WHERE n < $count`,
  positions: `INSERT INTO positions
    SELECT $tenant, $asset, ${START_MS} + n * (${SPAN_MS} / CAST($count AS INTEGER)), n * ${FLEET} + $asset,
      -33.4489 + n / 1e6, -70.6693 + n / 1e6, 570, n % 90, n % 360, 5, 11
    FROM numbers WHERE n < $count`,
  metrics: `INSERT INTO metrics
    SELECT $tenant, $asset, $key, ${START_MS} + n * (${SPAN_MS} / CAST($count AS INTEGER)), -1, n * ${FLEET} + $asset, 0,
      n % 97, NULL, 'rpm', 'obd2', 'ok'
    FROM numbers WHERE n < $count`,
  events: `INSERT INTO events
    SELECT $tenant, ${START_MS} + n * (${SPAN_MS} / CAST($count AS INTEGER)), n * ${FLEET} + $asset, 0, $asset,
      (SELECT value FROM json_each('${JSON.stringify(EVENT_TYPES)}') WHERE key = n % 4), 'high',
      '{"event_type":"harsh_braking","timestamp":"2026-01-15T12:00:00Z","severity":"high"}'
    FROM numbers WHERE n < $count`,
} as const

export function openFullSqlite(folder: string): FullStore {
  const database = new DatabaseSync(join(folder, 'telemetry.db'), { timeout: 60_000 })
  // These rows are discarded after the run; the server's own connection keeps its settings.
  database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -200000')
  const statements = new Map<string, StatementSync>()
  return {
    pieces: (owner, amounts) => piecesOf(database, owner, amounts),
    finish: () => database.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA cache_size = -2000'),
    async query(text, values) {
      const statement = statements.get(text) ?? database.prepare(text.replace(/\$(\d)/g, '?$1'))
      statements.set(text, statement)
      return statement.all(...values)
    },
    close: () => database.close(),
  }
}

function piecesOf(database: DatabaseSync, owner: Owner, amounts: Amounts): Piece[] {
  const most = Math.max(...Object.values(amounts))
  database.exec(`CREATE TEMPORARY TABLE numbers AS
    WITH RECURSIVE up (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM up WHERE n < ${most - 1})
    SELECT n FROM up`)
  const tenant = makeOwner(database, owner, amounts)
  const counts = {
    positions: amounts.positions,
    metrics: amounts.valuesPerKey,
    observations: amounts.reports,
    events: amounts.events,
  }
  return Object.entries(counts).flatMap(([table, count]) => {
    const text = FILL[table as keyof typeof FILL]
    const fill = database.prepare(text)
    const keys = table === 'metrics' ? KEYS : [undefined]
    const makeFrom = (first: number): Piece => ({
      table,
      rows: ASSETS_PER_PIECE * count * keys.length,
      make() {
        database.exec('BEGIN IMMEDIATE')
        for (let asset = first; asset < first + ASSETS_PER_PIECE; asset++) {
          for (const key of keys) {
            const name = text.includes('$name') ? { $name: assetName(asset) } : {}
            fill.run({
              $tenant: tenant,
              $asset: asset,
              $count: count,
              ...name,
              ...(key && { $key: key }),
            })
          }
        }
        database.exec('COMMIT')
      },
    })
    return Array.from({ length: FLEET / ASSETS_PER_PIECE }, (_, piece) =>
      makeFrom(1 + piece * ASSETS_PER_PIECE),
    )
  })
}

function makeOwner(database: DatabaseSync, owner: Owner, { reports }: Amounts): number {
  const made = database
    .prepare(
      'INSERT INTO tenants (org_id, environment, last_seq) VALUES (?, ?, ?) RETURNING tenant',
    )
    .get(owner.org_id, owner.environment, reports * FLEET)
  const tenant = made?.tenant as number
  const asset = database.prepare('INSERT INTO assets VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  const last = reports - 1
  const newest = START_MS + last * Math.floor(SPAN_MS / reports)
  for (let number = 1; number <= FLEET; number++) {
    const seq = last * FLEET + number
    asset.run(number, tenant, assetName(number), 'Truck', newest, START_MS, START_MS, seq)
  }
  return tenant
}
