/**
 * The SQL of both adapters that reads chunks. Parameters: 1 and 2 the tenant, 3 asset_id, 4 the
 * series, 5 to 8 the key to start after, then those of `chunkParameters`.
 */

import type { Bounds } from '../page-bounds.ts'
import { type Dialect, ofAssetIn } from '../queries.ts'
import { weekStartMs } from './chunk.ts'
import { MAX_CHUNKS } from './read-series.ts'
import type { SeriesKey } from './series-kinds.ts'

export const CHUNK_COLUMNS = 'timestamp_ms, sequence, seq, item, last_ms, data'

const KEY = 'timestamp_ms, sequence, seq, item'
const DESCENDING = 'timestamp_ms DESC, sequence DESC, seq DESC, item DESC'

/** The `chunks` of `SeriesSource`, in any order. */
export function chunkQueriesOf(dialect: Dialect): Record<Bounds['direction'], string> {
  const { schema, parameter: $, needsWholePeriod } = dialect
  const after = `(${[5, 6, 7, 8].map($).join(', ')})`
  const select = (where: string, order: string, limit: number) => `SELECT * FROM (
    SELECT ${CHUNK_COLUMNS} FROM ${schema}series_chunks
    WHERE ${ofAssetIn(dialect)} AND series = ${$(4)} AND ${where}
    ORDER BY ${order} LIMIT ${limit}) AS part`
  /** Prunes partitions, by the times only. */
  const pruned = (condition: string) => (needsWholePeriod ? ` AND timestamp_ms ${condition}` : '')
  return {
    // The one that may have the key within it, and those after it.
    oldest: `${select(`(${KEY}) <= ${after} AND timestamp_ms >= ${$(9)}${pruned(`<= ${$(5)}`)}`, DESCENDING, 1)}
      UNION ALL
      ${select(`(${KEY}) > ${after} AND timestamp_ms < ${$(10)}${pruned(`>= ${$(5)}`)}`, KEY, MAX_CHUNKS)}`,
    newest: select(
      `(${KEY}) < ${after} AND timestamp_ms >= ${$(9)}${pruned(`<= ${$(5)}`)}`,
      DESCENDING,
      MAX_CHUNKS,
    ),
  }
}

/** The parameters after the key: where the first chunk may begin, and for the oldest the end. */
export function chunkParameters(
  { direction, from_ms, to_ms }: Bounds,
  [after_ms]: SeriesKey,
): number[] {
  return direction === 'oldest' ? [weekStartMs(after_ms), to_ms] : [weekStartMs(from_ms)]
}
