/** A new telemetry store of either kind, the size of its tables and the CPU of its database. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openPostgresTelemetryStore } from '@modulariot/api/postgres'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import pg from 'pg'
import { openSqliteTelemetryStore } from '../../packages/api/src/store/sqlite/sqlite-store.ts'
import type { TelemetryStore } from '../../packages/api/src/store/store.ts'
import { cpuSeconds } from '../support/child.ts'
import { POSTGRES_SETTINGS, type StoreKind } from '../support/our-server.ts'

/** Bytes of each table with its indexes and partitions. */
export type Sizes = Readonly<Record<string, number>>

export interface Place {
  readonly store: TelemetryStore
  sizes(): Promise<Sizes>
  /** Frees the space of deleted rows for others, and counts rows for the planner. */
  vacuum(): Promise<void>
  /** Rewrites the tables without the space of deleted rows. */
  compact(): Promise<void>
  /** Closes the store and removes its data. */
  close(): Promise<void>
}

export interface Places {
  /** CPU time in seconds of the database's own processes; 0 without. */
  databaseCpu(): number
  open(): Promise<Place>
}

/** @param opened the resources to close, the last first. */
export async function startPlaces(kind: StoreKind, opened: AsyncDisposableStack): Promise<Places> {
  if (kind === 'sqlite') return { databaseCpu: () => 0, open: openSqlite }
  // It would run at any time; `vacuum` is called between two measurements.
  const postgres = await startPostgres([...POSTGRES_SETTINGS, 'autovacuum=off'])
  opened.defer(() => postgres.stop())
  return {
    databaseCpu: () => cpuSeconds(postgres.pids()),
    open: async () => openPostgres(await postgres.createDatabase()),
  }
}

async function openSqlite(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'miot-bench-'))
  const path = join(folder, 'telemetry.db')
  const store = openSqliteTelemetryStore(path)
  return {
    store,
    sizes: async () => sqliteSizes(path),
    vacuum: async () => {},
    compact: () => store.compact(),
    async close() {
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}

function sqliteSizes(path: string): Sizes {
  const database = new DatabaseSync(path, { readOnly: true })
  const rows = database
    .prepare(
      `SELECT coalesce(tbl_name, dbstat.name) AS name, sum(pgsize) AS bytes
       FROM dbstat LEFT JOIN sqlite_schema ON sqlite_schema.name = dbstat.name GROUP BY 1`,
    )
    .all()
  database.close()
  return sizesOf(rows as unknown as SizeRow[])
}

async function openPostgres(url: string): Promise<Place> {
  const store = await openPostgresTelemetryStore(url)
  const client = new pg.Client(url)
  await client.connect()
  return {
    store,
    sizes: async () => sizesOf((await client.query<SizeRow>(POSTGRES_SIZES)).rows),
    vacuum: async () => void (await client.query('VACUUM (ANALYZE)')),
    compact: async () => void (await client.query('VACUUM (FULL, ANALYZE)')),
    async close() {
      await client.end()
      await store.close()
    },
  }
}

/** A partitioned table itself has no pages. */
const POSTGRES_SIZES = `SELECT root.relname AS name,
    sum(pg_total_relation_size(part.oid))::float8 AS bytes
  FROM pg_class part
    JOIN pg_class root ON root.oid = coalesce(pg_partition_root(part.oid), part.oid)
  WHERE part.relnamespace = 'telemetry'::regnamespace AND part.relkind IN ('r', 'p')
  GROUP BY 1`

interface SizeRow {
  readonly name: string
  readonly bytes: number
}

function sizesOf(rows: readonly SizeRow[]): Sizes {
  return Object.fromEntries(rows.map(({ name, bytes }) => [name, bytes]))
}
