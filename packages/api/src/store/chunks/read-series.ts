/** Reads a series of which some rows are in their table and others in chunks, as if it were one. */

import { MAX_PAGE_LENGTH, pageOf } from '../page.ts'
import type { Bounds } from '../page-bounds.ts'
import type { Page } from '../store.ts'
import { type Chunk, firstKeyOf, mergeRows } from './chunk.ts'
import { compareKeys, type SeriesKey, type SeriesKind } from './series-kinds.ts'

/** What an adapter reads of one series, in the direction and within the period of a query. */
export interface SeriesSource<Row> {
  /** Rows of the table after the key, in order. */
  rows(after: SeriesKey): Promise<{ readonly rows: readonly Row[]; readonly more: boolean }>
  /**
   * The chunks with rows after the key, and maybe others, in any order, by one query; at most
   * `MAX_CHUNKS` of those that begin after it.
   */
  chunks(after: SeriesKey): Promise<readonly Chunk[]>
}

/** Chunks that are read together: about two milliseconds of work. */
export const MAX_CHUNKS = 4

/**
 * Yields the rows in order, some hundreds at a time, each once.
 *
 * The table is read before the chunks. Rows that move to a chunk between the two queries are then
 * seen twice, and never missed.
 *
 * @param series the key of the values; '' for positions.
 */
export async function* readSeries<Row>(
  kind: SeriesKind<Row, unknown>,
  series: string,
  { direction, start, from_ms, to_ms }: Bounds,
  source: SeriesSource<Row>,
): AsyncGenerator<readonly Row[], void> {
  const newest = direction === 'newest'
  const compare = (one: SeriesKey, other: SeriesKey) => (newest ? -1 : 1) * compareKeys(one, other)
  for (let after = kind.keyFrom(start); ; ) {
    const stored = await source.rows(after)
    const chunks = (await source.chunks(after)).toSorted((one, other) =>
      compare(firstKeyOf(one), firstKeyOf(other)),
    )
    // Of a source that has more, the last key until which it is complete.
    const endOfStored = stored.more ? keyOfLast(kind, stored.rows) : null
    const isNeeded = (chunk: Chunk) =>
      endOfStored === null ||
      (newest ? chunk.last_ms >= endOfStored[0] : compareKeys(firstKeyOf(chunk), endOfStored) <= 0)
    const needed = chunks.filter(isNeeded)
    const decoded = needed
      .filter(({ timestamp_ms, last_ms }) => timestamp_ms < to_ms && last_ms >= from_ms)
      .flatMap(({ data }) => {
        const rows = kind.decode(data, series)
        return newest ? rows.reverse() : rows
      })
      .filter((row) => {
        const key = kind.keyOf(row)
        return compare(key, after) > 0 && key[0] >= from_ms && key[0] < to_ms
      })
    const hasMore =
      needed.length === chunks.length && hasMoreChunks(chunks, after, compare, from_ms)
    const ends = [endOfStored, hasMore ? keyOfLast(kind, decoded) : null].filter(
      (end) => end !== null,
    )
    const end = ends.toSorted(compare)[0] ?? null
    const merged = mergeRows(kind, stored.rows, decoded, compare)
    yield end === null ? merged : merged.filter((row) => compare(kind.keyOf(row), end) <= 0)
    if (end === null) return
    after = end
  }
}

function keyOfLast<Row>(kind: SeriesKind<Row, unknown>, rows: readonly Row[]): SeriesKey | null {
  const last = rows.at(-1)
  return last === undefined ? null : kind.keyOf(last)
}

function hasMoreChunks(
  chunks: readonly Chunk[],
  after: SeriesKey,
  compare: (one: SeriesKey, other: SeriesKey) => number,
  from_ms: number,
): boolean {
  const beyond = chunks.filter((chunk) => compare(firstKeyOf(chunk), after) > 0)
  // Of the newest first: those before one that begins before the period are not within it.
  return beyond.length >= MAX_CHUNKS && beyond.every(({ timestamp_ms }) => timestamp_ms >= from_ms)
}

/** A page of a series. */
export async function seriesPage<Row, Value>(
  kind: SeriesKind<Row, Value>,
  batches: AsyncIterable<readonly Row[]>,
  limit: number,
): Promise<Page<Value>> {
  const rows: Row[] = []
  let length = 0
  for await (const batch of batches) {
    rows.push(...batch)
    length += batch.reduce((sum, row) => sum + kind.lengthOf(row), 0)
    if (rows.length > limit || length >= MAX_PAGE_LENGTH) break
  }
  const read = (row: Row) => ({
    value: kind.valueOf(row),
    key: kind.rowKeyOf(kind.keyOf(row)),
  })
  return pageOf(rows, limit, read, kind.lengthOf)
}
