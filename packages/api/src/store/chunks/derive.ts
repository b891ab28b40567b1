/** Which rows of a series move to chunks, and to which. */

import { type Chunk, chunksOf, mergeRows, POSITIONS_SERIES, WEEK_MS, weekStartMs } from './chunk.ts'
import { compareKeys, POSITIONS, type SeriesKey, type SeriesKind, VALUES } from './series-kinds.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** The rest of a key that is before all others of its time. */
const BEFORE_ALL = [-2, -2, -2] as const

/** Rows of an hour stay in their table until so long after its end, since devices report late. */
const LATE_MS = HOUR_MS

/** Fewer rows than this wait, for a day at most: a chunk is written anew for each few. */
const MIN_ROWS = 120

/** Rows of a series that are moved together, in about three milliseconds. */
export const ROWS_A_STEP = 1000

/** Bytes of texts that may be long, of rows that are moved together. */
export const LENGTH_A_STEP = 512 * 1024

/** Rows before this time are old. @param nowMs Unix milliseconds. */
export function oldBeforeMs(nowMs: number): number {
  return Math.floor((nowMs - LATE_MS) / HOUR_MS) * HOUR_MS
}

/**
 * How many of the old rows of a series move to chunks now. The last one always stays: so the newest
 * value of a key is always in the table, and a series with chunks always has a row.
 *
 * @param count of the rows before `before_ms`.
 * @param first_ms the time of the first.
 */
export function rowsToMove(count: number, first_ms: number, before_ms: number): number {
  const worth = count > MIN_ROWS || first_ms < before_ms - DAY_MS
  return worth ? Math.min(Math.max(count - 1, 0), ROWS_A_STEP) : 0
}

/** The end of the rows that can be in one chunk with the row with this key, which begins it. */
export function chunkEnd(first: SeriesKey, next: SeriesKey | null): SeriesKey {
  const week: SeriesKey = [weekStartMs(first[0]) + WEEK_MS, ...BEFORE_ALL]
  return next !== null && compareKeys(next, week) < 0 ? next : week
}

/**
 * The chunks that replace a chunk, or none, when rows are added to it.
 *
 * @param series the key of the values; '' for positions.
 * @param chunk the last one that begins before the first of the rows, or with it.
 */
export function chunksWith<Row>(
  kind: SeriesKind<Row, unknown>,
  series: string,
  chunk: Chunk | null,
  rows: readonly Row[],
): Chunk[] {
  if (chunk === null) return chunksOf(kind, rows)
  return chunksOf(kind, mergeRows(kind, kind.decode(chunk.data, series), rows))
}

/**
 * What is left of a chunk without the rows before this time: one chunk, or none. One of which
 * nothing is left is not decoded, so that a damaged one can be erased; it counts as one row.
 */
export function chunkSince(
  series: string,
  chunk: Chunk,
  from_ms: number,
): { readonly left: Chunk[]; readonly removedRows: number } {
  if (chunk.last_ms < from_ms) return { left: [], removedRows: 1 }
  return series === POSITIONS_SERIES
    ? since(POSITIONS, series, chunk, from_ms)
    : since(VALUES, series, chunk, from_ms)
}

function since<Row>(
  kind: SeriesKind<Row, unknown>,
  series: string,
  { data }: Chunk,
  from_ms: number,
) {
  const rows = kind.decode(data, series)
  const left = rows.filter((row) => kind.keyOf(row)[0] >= from_ms)
  return { left: chunksOf(kind, left), removedRows: rows.length - left.length }
}
