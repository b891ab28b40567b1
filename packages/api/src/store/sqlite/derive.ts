/** Moves old rows of series to chunks, in small steps. Runs on the writer thread. */

import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { POSITIONS_SERIES } from '../chunks/chunk.ts'
import {
  chunkEnd,
  chunksWith,
  LENGTH_A_STEP,
  oldBeforeMs,
  ROWS_A_STEP,
  rowsToMove,
} from '../chunks/derive.ts'
import { POSITIONS, type SeriesKey, type SeriesKind, VALUES } from '../chunks/series-kinds.ts'
import { takePage } from '../page.ts'
import { createChunkTable, type SeriesName } from './chunk-table.ts'

/** Yields after each step, always 0, since nothing is deleted. */
export function createDerive(database: DatabaseSync): (nowMs: number) => Generator<number, void> {
  const positions = createDeriveOf(database, POSITIONS, {
    columns:
      'timestamp_ms, seq, latitude, longitude, altitude, speed, heading, accuracy, satellites',
    series: 'tenant, asset',
    key: 'timestamp_ms, seq',
  })
  const values = createDeriveOf(database, VALUES, {
    columns: 'key, timestamp_ms, sequence, seq, item, number, json, unit, source, quality',
    series: 'tenant, asset, key',
    key: 'timestamp_ms, sequence, seq, item',
  })
  return function* (nowMs) {
    const before_ms = oldBeforeMs(nowMs)
    yield* positions(before_ms)
    yield* values(before_ms)
  }
}

interface TableOfRows {
  readonly columns: string
  /** The first columns of the primary key. */
  readonly series: string
  /** The others. */
  readonly key: string
}

function createDeriveOf<Row>(
  database: DatabaseSync,
  kind: SeriesKind<Row, unknown>,
  { columns, series, key }: TableOfRows,
): (before_ms: number) => Generator<number, void> {
  const exists = database.prepare('SELECT 1 FROM assets WHERE asset = ?')
  const chunks = createChunkTable(database)
  const marks = (names: string) => `(${names.split(', ').fill('?').join(', ')})`
  const ofSeries = `(${series}) = ${marks(series)}`
  const next = database.prepare(
    `SELECT ${series} FROM ${kind.table} WHERE (${series}) > ${marks(series)}
     ORDER BY ${series} LIMIT 1`,
  )
  const pending = database.prepare(
    `SELECT count(*) AS count, min(timestamp_ms) AS first_ms FROM (
       SELECT timestamp_ms FROM ${kind.table} WHERE ${ofSeries} AND timestamp_ms < ?
       ORDER BY timestamp_ms LIMIT ${ROWS_A_STEP + 1})`,
  )
  const select = `SELECT ${columns} FROM ${kind.table} WHERE ${ofSeries}`
  const first = database.prepare(`${select} AND timestamp_ms < ? ORDER BY ${key} LIMIT 1`)
  const until = database.prepare(
    `${select} AND timestamp_ms < ? AND (${key}) < ${marks(key)}
     ORDER BY ${key} LIMIT ?`,
  )
  const remove = database.prepare(
    `DELETE FROM ${kind.table} WHERE ${ofSeries} AND (${key}) <= ${marks(key)}`,
  )

  /** Moves the oldest rows of the series that go to the same chunk. */
  function deriveOldest(
    name: SeriesName,
    where: readonly SQLInputValue[],
    before_ms: number,
    limit: number,
  ): void {
    const keyOf = (row: unknown) => kind.keyOf(row as Row)
    const firstKey = keyOf(first.get(...where, before_ms))
    const chunk = chunks.upTo(name, firstKey)
    const end: SeriesKey = chunkEnd(firstKey, chunks.after(name, firstKey))
    const all: Iterable<unknown> = until.iterate(
      ...where,
      before_ms,
      ...kind.rowKeyOf(end),
      limit + 1,
    )
    const { rows } = takePage(all as Iterable<Row>, limit, kind.lengthOf, LENGTH_A_STEP)
    chunks.replace(name, chunk, chunksWith(kind, name.series, chunk, rows))
    remove.run(...where, ...kind.rowKeyOf(keyOf(rows.at(-1))))
  }

  return function* (before_ms) {
    let where: SQLInputValue[] = series.split(', ').map((_, index) => (index < 2 ? -1 : ''))
    for (;;) {
      const row = next.get(...where)
      if (row === undefined) return
      const { tenant, asset, key: series = POSITIONS_SERIES } = row as unknown as Named
      where = Object.values(row)
      for (;;) {
        const { count, first_ms } = pending.get(...where, before_ms) as unknown as Pending
        const limit = rowsToMove(count, first_ms, before_ms)
        // The rows of an asset that is being erased are deleted where they are.
        if (limit === 0 || exists.get(asset) === undefined) break
        deriveOldest({ tenant, asset, series }, where, before_ms, limit)
        yield 0
      }
      yield 0
    }
  }
}

interface Named {
  readonly tenant: number
  readonly asset: number
  readonly key?: string
}

interface Pending {
  readonly count: number
  readonly first_ms: number
}
