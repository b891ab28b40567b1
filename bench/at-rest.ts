/**
 * The bytes that a stored report takes, by table: at first, and once it is two hours old. Without
 * HTTP; tables are rebuilt before they are measured, so that only what is stored counts.
 */

import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { openPostgresTelemetryStore } from '@modulariot/api/postgres'
import { openPostgres } from '@modulariot/platform/postgres'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { parseAssetTrackingData } from '@modulariot/telemetry'
import { observationOf } from '../packages/api/src/ingest/read-report.ts'
import { openSqliteTelemetryStore } from '../packages/api/src/store/sqlite/sqlite-store.ts'
import type { Observation, TelemetryStore } from '../packages/api/src/store/store.ts'
import { keep, print } from './support/results.ts'
import { KINDS, type Kind, reports } from './telemetry/reports.ts'

/** The bytes of each table. */
type Sizes = ReadonlyMap<string, number>

interface Place extends AsyncDisposable {
  readonly store: TelemetryStore
  measure(): Promise<Sizes>
}

/** A new store is a new row. */
const PLACES: Readonly<Record<string, () => Promise<Place>>> = { sqlite, postgres }

const BATCH = 500
/** PostgreSQL moves nothing on the day after its migration. */
const LATER_MS = 3 * 86_400_000

export async function atRest(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      reports: { type: 'string', default: '10000' },
      store: { type: 'string', multiple: true, default: Object.keys(PLACES) },
      row: { type: 'string', multiple: true, default: Object.keys(KINDS) },
    },
  })
  const count = Number(values.reports)
  const rows: Record<string, string | number>[] = []
  for (const kind of values.row as Kind[]) {
    for (const store of values.store) {
      print(`${kind}, ${store}`)
      await using place = await (PLACES[store] as () => Promise<Place>)()
      const all = observations(kind, count)
      for (let at = 0; at < count; at += BATCH) await place.store.append(all.slice(at, at + BATCH))
      const first = await place.measure()
      const started = performance.now()
      await place.store.maintain(Date.now() + LATER_MS, null)
      const seconds = (performance.now() - started) / 1000
      const later = await place.measure()
      print(`  ${Math.round((seconds / count) * 1e6)} µs a report until it was moved`)
      const tables = new Set([...first.keys(), ...later.keys()])
      const bytes = (sizes: Sizes, table: string): number =>
        Math.round(((sizes.get(table) ?? 0) / count) * 10) / 10
      const sum = (sizes: Sizes): number =>
        Math.round(sizes.values().reduce((all, one) => all + one, 0) / count)
      for (const table of tables) {
        const row = { kind, store, table, first: bytes(first, table), later: bytes(later, table) }
        if (row.first >= 1 || row.later >= 1) rows.push(row)
      }
      rows.push({ kind, store, table: 'all', first: sum(first), later: sum(later) })
    }
  }
  console.table(rows)
  keep('at-rest', rows)
}

async function sqlite(): Promise<Place> {
  const folder = mkdtempDisposableSync(join(tmpdir(), 'miot-bench-'))
  const path = join(folder.path, 'telemetry.db')
  const store = openSqliteTelemetryStore(path)
  return {
    store,
    async measure() {
      await store.compact()
      using database = new DatabaseSync(path)
      // An index belongs to its table.
      const rows = database
        .prepare(
          `SELECT tbl_name AS name, sum(pgsize) AS bytes FROM dbstat JOIN sqlite_schema USING (name)
           GROUP BY 1`,
        )
        .all() as { name: string; bytes: number }[]
      return new Map(rows.map(({ name, bytes }) => [name, bytes]))
    },
    async [Symbol.asyncDispose]() {
      await store.close()
      folder.remove()
    },
  }
}

async function postgres(): Promise<Place> {
  const server = await startPostgres()
  const url = await server.createDatabase()
  const store = await openPostgresTelemetryStore(url)
  const database = openPostgres(url)
  return {
    store,
    async measure() {
      await database.query('VACUUM FULL', [], { timeoutMs: 60_000 })
      const { rows } = await database.query<{ name: string; bytes: number }>(
        `SELECT coalesce(parent.relname, c.relname)::text AS name,
           sum(pg_total_relation_size(c.oid))::bigint AS bytes
         FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
           LEFT JOIN pg_class parent ON parent.oid = i.inhparent
         WHERE c.relnamespace = 'telemetry'::regnamespace AND c.relkind = 'r' GROUP BY 1`,
      )
      return new Map(rows.map(({ name, bytes }) => [name, bytes]))
    },
    async [Symbol.asyncDispose]() {
      await database.close()
      await store.close()
      await server.stop()
    },
  }
}

function observations(kind: Kind, count: number): Observation[] {
  const sender = {
    org_id: 'org_0123456789abcdefghijkl',
    environment: 'development',
    client_id: 'client_0123456789abcdefghijkl',
  } as const
  return reports(kind, count).map((report, index) => {
    const received_ms = Date.parse(report.timestamp) + 150 + (index % 97)
    const parsed = parseAssetTrackingData(report, { nowMs: received_ms })
    if (!parsed.ok) throw new TypeError(JSON.stringify(parsed.errors))
    const request_id = crypto.randomUUID()
    return observationOf(
      parsed.report,
      { ...sender, request_id, item: 0, received_ms },
      JSON.stringify(report),
    )
  })
}
