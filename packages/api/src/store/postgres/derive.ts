/**
 * Moves old rows of series to chunks, some thousand at a time. Each step is a transaction that
 * takes rows from their table and writes the chunks, so a crash between steps leaves both as they
 * were. Partition by partition, since no chunk crosses the border of a week.
 */

import { setImmediate } from 'node:timers/promises'
import type { RunQuery } from '@modulariot/platform/postgres'
import { type Chunk, WEEK_MS } from '../chunks/chunk.ts'
import {
  chunkEnd,
  chunksWith,
  LENGTH_A_STEP,
  oldBeforeMs,
  ROWS_A_STEP,
  rowsToMove,
} from '../chunks/derive.ts'
import {
  compareKeys,
  POSITIONS,
  type PositionRow,
  type SeriesKind,
  VALUES,
} from '../chunks/series-kinds.ts'
import type { MeasurementRow } from '../measurement.ts'
import {
  findPlaces,
  insertChunks,
  type Place,
  parametersOf,
  removeChunks,
  type SeriesName,
} from './chunk-table.ts'
import type { MaintenanceStep } from './maintenance-step.ts'
import { findWeeks, makeMissingWeeks, partitionsOf } from './partitions.ts'
import { isUpgrading } from './upgrading.ts'

/** Series whose old rows are counted together. */
const SERIES = 500
/** Rows that a step takes, about. */
const ROWS = 4000
/** Series of which a step takes rows: for each it may read a chunk, and write it anew. */
const SERIES_A_STEP = 50

/** A series, and how many of its old rows move in the next step. */
interface Moving extends SeriesName {
  readonly rows: number
}

interface TableOfRows<Row> {
  readonly kind: SeriesKind<Row, unknown>
  /** An expression for the series of a row. */
  readonly series: string
  /** The columns by which it is found, and those of the key of a row in it. */
  readonly names: string
  readonly key: string
  readonly columns: string
  /** An expression for the bytes of the column that may be long. */
  readonly length: string
}

const TABLES: readonly [TableOfRows<MeasurementRow>, TableOfRows<PositionRow>] = [
  {
    kind: VALUES,
    series: 'key',
    names: 'tenant, asset, key',
    key: 'timestamp_ms, sequence, seq, item',
    columns: 'key, timestamp_ms, sequence, seq, item, number, json, unit, source, quality',
    length: 'coalesce(octet_length(json), 0)',
  },
  {
    kind: POSITIONS,
    series: `''`,
    names: 'tenant, asset',
    key: 'timestamp_ms, seq',
    columns:
      'timestamp_ms, seq, latitude, longitude, altitude, speed, heading, accuracy, satellites',
    length: '0',
  },
]

/** Does nothing while a program of the version before may run, which does not read chunks. */
export async function deriveChunks(step: MaintenanceStep, nowMs: number): Promise<void> {
  const found = await step(async (query) => {
    const weeks = await findWeeks(query, 'metrics')
    // A program of the version before has made none for chunks.
    await makeMissingWeeks(query, weeks.weeks)
    return { weeks, isUpgrading: await isUpgrading(query, MIGRATION, nowMs) }
  })
  if (found === null || found.isUpgrading) return
  const before_ms = oldBeforeMs(nowMs)
  const [values, positions] = TABLES
  for (const partition of partitionsOf('metrics', found.weeks)) {
    await derivePartition(step, values, partition, before_ms)
  }
  for (const partition of partitionsOf('positions', found.weeks)) {
    await derivePartition(step, positions, partition, before_ms)
  }
}

/** The migration that creates the chunks. */
const MIGRATION = 7

async function derivePartition<Row extends object>(
  step: MaintenanceStep,
  table: TableOfRows<Row>,
  partition: string,
  before_ms: number,
): Promise<void> {
  const count = countQuery(table, partition)
  let last: SeriesName = { tenant: -1, asset: -1, series: '' }
  for (;;) {
    const values = [last.tenant, last.asset, last.series, before_ms]
    const counted = await step(async (query) => (await query<Counted>(count, values)).rows)
    const end = counted?.at(-1)
    if (counted === null || end === undefined) return
    const moving = counted.flatMap(({ count, first_ms, ...name }) => {
      const rows = rowsToMove(count, first_ms ?? before_ms, before_ms)
      return rows === 0 ? [] : [{ ...name, rows }]
    })
    let moved = 0
    for (const together of groupsOf(moving)) {
      for (let left: readonly Moving[] = together; left.length > 0; ) {
        const these: readonly Moving[] = left
        const done = await step((query) => moveRows(query, table, partition, these, before_ms))
        if (done === null) return
        moved += done.rows
        left = done.rows === 0 ? [] : done.left
      }
    }
    // Those of which not all rows were counted are counted again.
    if (moved === 0 || counted.every((one) => one.count <= ROWS_A_STEP)) last = end
  }
}

/**
 * The next series, each with how many old rows it has, up to one more than a step takes. The search
 * goes from series to series along the primary key, as a week may have any number of rows.
 */
function countQuery<Row>({ names, series, key }: TableOfRows<Row>, partition: string): string {
  const after = (parameters: string) => `SELECT ${names} FROM ${partition} r
    WHERE (${names}) > (${parameters}) ORDER BY ${names} LIMIT 1`
  const columns = names.split(', ')
  const types = ['bigint', 'bigint', 'text']
  const first = columns.map((_, index) => `$${index + 1}::${types[index]}`).join(', ')
  const before = columns.map((column) => `s.${column}`).join(', ')
  return `WITH RECURSIVE s AS (
      (${after(first)})
      UNION ALL
      SELECT following.* FROM s, LATERAL (${after(before)}) AS following
    )
    SELECT s.tenant, s.asset, ${series} AS series, old.count, old.first_ms
    FROM (SELECT * FROM s LIMIT ${SERIES}) AS s, LATERAL (
      SELECT count(*), min(timestamp_ms) AS first_ms FROM (
        SELECT timestamp_ms FROM ${partition} r
        WHERE (${columns.map((column) => `r.${column}`).join(', ')}) = (${before})
          AND timestamp_ms < $4 AND $3::text IS NOT NULL
        ORDER BY ${key} LIMIT ${ROWS_A_STEP + 1}) AS oldest) AS old
    ORDER BY 1, 2, 3`
}

interface Counted extends SeriesName {
  readonly count: number
  /** Of the first old row, if any. */
  readonly first_ms: number | null
}

/** Series with about `ROWS` rows together. */
function groupsOf(moving: readonly Moving[]): Moving[][] {
  const groups: Moving[][] = []
  let rows = ROWS
  for (const one of moving) {
    if (rows + one.rows > ROWS || groups.at(-1)?.length === SERIES_A_STEP) {
      groups.push([])
      rows = 0
    }
    groups.at(-1)?.push(one)
    rows += one.rows
  }
  return groups
}

/** @returns how many rows it has moved, and what is left to move. */
async function moveRows<Row extends object>(
  query: RunQuery,
  table: TableOfRows<Row>,
  partition: string,
  moving: readonly Moving[],
  before_ms: number,
): Promise<{ readonly rows: number; readonly left: readonly Moving[] }> {
  // The rows of an asset that is being erased are deleted where they are. An erasure that begins
  // now waits for this transaction.
  const { rows: assets } = await query<{ asset: number }>(
    `SELECT asset FROM telemetry.assets WHERE asset = ANY ($1::bigint[]) FOR KEY SHARE`,
    [moving.map(({ asset }) => asset)],
  )
  const there = new Set(assets.map(({ asset }) => asset))
  const series = moving.filter(({ asset }) => there.has(asset))
  const taken = await takeRows(query, table, partition, series, before_ms)
  await storeRows(query, table.kind, taken)
  const left = series.map((one, index) => ({
    ...one,
    rows: one.rows - (taken[index]?.rows.length ?? 0),
  }))
  return {
    rows: taken.reduce((sum, { rows }) => sum + rows.length, 0),
    left: left.filter(({ rows }) => rows > 0),
  }
}

/** The end of the week of `first_ms`. */
const WEEK_END = `first_ms - mod(mod(first_ms, ${WEEK_MS}) + ${WEEK_MS}, ${WEEK_MS}) + ${WEEK_MS}`

interface Taken<Row> {
  readonly name: SeriesName
  readonly rows: readonly Row[]
}

/**
 * Deletes the oldest rows of each series, but not the last old one: another instance may have moved
 * some since they were counted. Those of one week, as each week has chunks of its own, and up to
 * the row that reaches `LENGTH_A_STEP`.
 *
 * @returns them, in order.
 */
async function takeRows<Row extends object>(
  query: RunQuery,
  { kind, series, columns, key, length }: TableOfRows<Row>,
  partition: string,
  moving: readonly Moving[],
  before_ms: number,
): Promise<Taken<Row>[]> {
  const { rows } = await query<Row & { number_of_series: number }>(
    `WITH old AS MATERIALIZED (
       SELECT number, place, following, timestamp_ms < ${WEEK_END} AS in_week,
         sum(length) OVER (ORDER BY number, nth) - length AS length_before
       FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[])
           WITH ORDINALITY AS s (tenant, asset, series, rows, number),
         LATERAL (
           SELECT place, length, timestamp_ms, row_number() OVER series AS nth,
             lead(place) OVER series AS following,
             first_value(timestamp_ms) OVER series AS first_ms
           FROM (
             SELECT ctid AS place, ${key}, ${length} AS length FROM ${partition} r
             WHERE r.tenant = s.tenant AND r.asset = s.asset AND ${series} = s.series
               AND timestamp_ms < $5
             ORDER BY ${key} LIMIT s.rows + 1) AS oldest
           WINDOW series AS (ORDER BY ${key})) AS found
     )
     DELETE FROM ${partition} r USING old
     WHERE r.ctid = old.place AND following IS NOT NULL AND in_week
       AND length_before < ${LENGTH_A_STEP}
     RETURNING old.number AS number_of_series, ${columns
       .split(', ')
       .map((column) => `r.${column}`)
       .join(', ')}`,
    [...parametersOf(moving), moving.map((one) => one.rows), before_ms],
  )
  const taken = moving.map((name) => ({ name, rows: [] as Row[] }))
  for (const { number_of_series, ...row } of rows) {
    taken[number_of_series - 1]?.rows.push(row as unknown as Row)
  }
  for (const one of taken) {
    one.rows.sort((a, b) => compareKeys(kind.keyOf(a), kind.keyOf(b)))
  }
  return taken
}

async function storeRows<Row>(
  query: RunQuery,
  kind: SeriesKind<Row, unknown>,
  taken: readonly Taken<Row>[],
): Promise<void> {
  for (let left = taken.filter(({ rows }) => rows.length > 0); left.length > 0; ) {
    const places = await findPlaces(
      query,
      left.map(({ name, rows }) => ({ ...name, key: kind.keyOf(rows[0] as Row) })),
    )
    const rest: Taken<Row>[] = []
    const replaced: { name: SeriesName; chunk: Chunk }[] = []
    const stored: { name: SeriesName; chunk: Chunk }[] = []
    for (const [index, { name, rows }] of left.entries()) {
      // To encode a chunk takes a millisecond.
      await setImmediate()
      const { chunk, next } = places[index] as Place
      const end = chunkEnd(kind.keyOf(rows[0] as Row), next)
      const before = rows.filter((row) => compareKeys(kind.keyOf(row), end) < 0)
      if (chunk !== null) replaced.push({ name, chunk })
      const chunks = chunksWith(kind, name.series, chunk, before)
      stored.push(...chunks.map((one) => ({ name, chunk: one })))
      if (before.length < rows.length) rest.push({ name, rows: rows.slice(before.length) })
    }
    await removeChunks(query, replaced)
    await insertChunks(query, stored)
    left = rest
  }
}
