/**
 * Partitions the large tables by weeks of device time, so that expired weeks can be dropped.
 *
 * A device may send any time. Rows older than the first week go to one partition before all others,
 * and a missing week is created with its first row.
 */

import type { Postgres, RunQuery } from '@modulariot/platform/postgres'
import { WEEK_MS } from '../chunks/chunk.ts'
import type { Observation } from '../store.ts'

export const PARTITIONED = [
  'observations',
  'positions',
  'metrics',
  'events',
  'series_chunks',
] as const
export type Partitioned = (typeof PARTITIONED)[number]

const WEEKS_AHEAD = 3
const TIMEOUT_MS = 10_000
/** An arbitrary number for the advisory lock under which partitions are created and dropped. */
const PARTITIONS_LOCK = 0x6d696f75

const pastOf = (table: Partitioned): string => `telemetry.${table}_past`
const nameOf = (table: Partitioned, week: number): string => `telemetry.${table}_week_${week}`

const weekOf = (timestamp_ms: number): number => Math.floor(timestamp_ms / WEEK_MS)
export const startOfWeekMs = (timestamp_ms: number): number => weekOf(timestamp_ms) * WEEK_MS
export const endOfWeekMs = (week: number): number => (week + 1) * WEEK_MS

/** Creates the current week and the next ones. */
export async function makePartitions(postgres: Postgres, nowMs: number): Promise<void> {
  const now = weekOf(nowMs)
  const weeks = Array.from({ length: WEEKS_AHEAD + 1 }, (_, index) => now + index)
  await underLock(postgres, (query) => makeWeeks(query, weeks))
}

/** Creates the missing weeks of a batch, after an insert failed for lack of a partition. */
export async function makePartitionsFor(
  postgres: Postgres,
  batch: readonly Observation[],
): Promise<void> {
  const weeks = new Set<number>()
  for (const { timestamp_ms, metrics, events } of batch) {
    for (const one of [{ timestamp_ms }, ...metrics, ...events]) weeks.add(weekOf(one.timestamp_ms))
  }
  await underLock(postgres, (query) => makeWeeks(query, [...weeks]))
}

/** Creates the missing weeks of rows copied from another database, in their transaction. */
export async function makeRoom(
  query: RunQuery,
  { name, columns }: { readonly name: string; readonly columns: Readonly<Record<string, unknown>> },
  rows: readonly (readonly unknown[])[],
): Promise<void> {
  if (!PARTITIONED.some((table) => table === name)) return
  const at = Object.keys(columns).indexOf('timestamp_ms')
  await makeWeeks(query, [...new Set(rows.map((row) => weekOf(row[at] as number)))])
}

/** Creates weeks of which some tables have no partition, in the transaction of `query`. */
export async function makeMissingWeeks(query: RunQuery, weeks: readonly number[]): Promise<void> {
  await query('SELECT pg_advisory_xact_lock($1)', [PARTITIONS_LOCK])
  await makeWeeks(query, weeks)
}

/** True for the error of a row without a partition (23514, check_violation). */
export function isPartitionMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23514'
}

export interface Weeks {
  /** Ascending. */
  readonly weeks: readonly number[]
  /** Start of the first week that was ever created. */
  readonly firstMs: number
}

export async function findWeeks(
  query: RunQuery,
  table: Partitioned = 'observations',
): Promise<Weeks> {
  const { rows } = await query<{ name: string; bound: string }>(
    `SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound
     FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'telemetry.${table}'::regclass`,
  )
  const weeks = rows.flatMap(({ name }) => {
    const week = /_week_(\d+)$/.exec(name)?.[1]
    return week === undefined ? [] : [Number(week)]
  })
  const past = rows.find(({ name }) => name.endsWith('_past'))
  const firstMs = Number(/TO \('(-?\d+)'\)/.exec(past?.bound ?? '')?.[1] ?? 0)
  return { weeks: weeks.toSorted((a, b) => a - b), firstMs }
}

/** All partitions of the table, the one of the past first. */
export function partitionsOf(table: Partitioned, { weeks }: Weeks): string[] {
  return [pastOf(table), ...weeks.map((week) => nameOf(table, week))]
}

/** The partition of the past, and those of weeks that end at or before `before_ms`. */
export function partitionsBefore(
  table: Partitioned,
  { weeks }: Weeks,
  before_ms: number,
): string[] {
  const whole = weeks.filter((week) => endOfWeekMs(week) <= before_ms)
  return [pastOf(table), ...whole.map((week) => nameOf(table, week))]
}

/**
 * Uses a short lock timeout, since queries that arrive while it waits for the lock wait too.
 *
 * @throws StoreUnavailable on a lock timeout; a later run drops the week.
 */
export async function dropWeek(query: RunQuery, week: number): Promise<void> {
  await query('SELECT pg_advisory_xact_lock($1)', [PARTITIONS_LOCK])
  await query(`SET LOCAL lock_timeout = '500ms'`)
  for (const table of PARTITIONED) await query(`DROP TABLE IF EXISTS ${nameOf(table, week)}`)
}

async function makeWeeks(query: RunQuery, wanted: readonly number[]): Promise<void> {
  for (const table of PARTITIONED) {
    // A program of the version before makes no weeks for tables that it does not know.
    const { weeks, firstMs } = await findWeeks(query, table)
    const missing = wanted.filter((week) => !weeks.includes(week) && week * WEEK_MS >= firstMs)
    for (const week of missing) {
      // Creating a partition in place would block readers; attaching one does not.
      const name = nameOf(table, week)
      const bounds = `FROM (${week * WEEK_MS}) TO (${endOfWeekMs(week)})`
      await query(
        `CREATE TABLE ${name} (LIKE telemetry.${table} INCLUDING ALL);
         ALTER TABLE telemetry.${table} ATTACH PARTITION ${name} FOR VALUES ${bounds}`,
      )
    }
  }
}

function underLock<Result>(
  postgres: Postgres,
  work: (query: RunQuery) => Promise<Result>,
): Promise<Result> {
  return postgres.transaction(
    async (query) => {
      await query('SELECT pg_advisory_xact_lock($1)', [PARTITIONS_LOCK])
      return work(query)
    },
    { timeoutMs: TIMEOUT_MS },
  )
}
