/**
 * A chunk: rows of one series that follow each other, encoded (ADR 63). Chunks of a series do not
 * overlap, and none crosses the border of a week, by which PostgreSQL partitions its tables.
 */

import { compareKeys, type SeriesKey, type SeriesKind } from './series-kinds.ts'

export interface Chunk {
  /** The key of its first row. */
  readonly timestamp_ms: number
  readonly sequence: number
  readonly seq: number
  readonly item: number
  /** The time of its last row. */
  readonly last_ms: number
  readonly data: Uint8Array
}

/** What stands in the place of a key for positions, in the table of chunks. No key is empty. */
export const POSITIONS_SERIES = ''

export const WEEK_MS = 7 * 86_400_000

/** The start of the week of device time that this time is in. */
export function weekStartMs(timestamp_ms: number): number {
  return Math.floor(timestamp_ms / WEEK_MS) * WEEK_MS
}

/** Decoded in a fifth of a millisecond; eight hours of values by the minute. */
const MAX_ROWS = 500
/** Of texts that may be long. A row that is longer has a chunk of its own. */
const MAX_LENGTH = 64 * 1024

export function firstKeyOf({ timestamp_ms, sequence, seq, item }: Chunk): SeriesKey {
  return [timestamp_ms, sequence, seq, item]
}

/**
 * Cuts rows of a series into chunks.
 *
 * @param rows of one week, in order.
 */
export function chunksOf<Row>(kind: SeriesKind<Row, unknown>, rows: readonly Row[]): Chunk[] {
  const chunks: Chunk[] = []
  let piece: Row[] = []
  let length = 0
  const end = () => {
    if (piece.length > 0) chunks.push(chunkOf(kind, piece))
    piece = []
    length = 0
  }
  for (const row of rows) {
    const more = kind.lengthOf(row)
    if (piece.length === MAX_ROWS || length + more > MAX_LENGTH) end()
    piece.push(row)
    length += more
  }
  end()
  return chunks
}

function chunkOf<Row>(kind: SeriesKind<Row, unknown>, rows: readonly Row[]): Chunk {
  const [timestamp_ms, sequence, seq, item] = kind.keyOf(rows[0] as Row)
  const [last_ms] = kind.keyOf(rows.at(-1) as Row)
  return { timestamp_ms, sequence, seq, item, last_ms, data: kind.encode(rows) }
}

/**
 * Merges rows that are both in the order of `compare`. A row of both with the same key is one row.
 */
export function mergeRows<Row>(
  kind: SeriesKind<Row, unknown>,
  ones: readonly Row[],
  others: readonly Row[],
  compare: (one: SeriesKey, other: SeriesKey) => number = compareKeys,
): Row[] {
  const merged: Row[] = []
  let next = 0
  for (const one of ones) {
    const key = kind.keyOf(one)
    let same = false
    for (; next < others.length; next++) {
      const other = others[next] as Row
      const order = compare(kind.keyOf(other), key)
      if (order > 0) break
      same = order === 0
      if (!same) merged.push(other)
    }
    merged.push(one)
  }
  merged.push(...others.slice(next))
  return merged
}
