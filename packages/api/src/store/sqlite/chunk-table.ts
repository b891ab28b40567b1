/** The table of chunks. Runs on the writer thread. */

import type { DatabaseSync } from 'node:sqlite'
import { type Chunk, firstKeyOf, weekStartMs } from '../chunks/chunk.ts'
import { CHUNK_COLUMNS } from '../chunks/chunk-queries.ts'
import type { SeriesKey } from '../chunks/series-kinds.ts'

/** A series by its numbers. */
export interface SeriesName {
  readonly tenant: number
  readonly asset: number
  /** The key of the values; '' for positions. */
  readonly series: string
}

const OF_SERIES = 'tenant = ?1 AND asset = ?2 AND series = ?3'
const KEY = 'timestamp_ms, sequence, seq, item'
const DESCENDING = 'timestamp_ms DESC, sequence DESC, seq DESC, item DESC'

export type ChunkTable = ReturnType<typeof createChunkTable>

export function createChunkTable(database: DatabaseSync) {
  const select = `SELECT ${CHUNK_COLUMNS} FROM series_chunks WHERE ${OF_SERIES}`
  const upTo = database.prepare(
    `${select} AND (${KEY}) <= (?4, ?5, ?6, ?7) AND timestamp_ms >= ?8
     ORDER BY ${DESCENDING} LIMIT 1`,
  )
  const after = database.prepare(
    `SELECT ${KEY} FROM series_chunks WHERE ${OF_SERIES} AND (${KEY}) > (?4, ?5, ?6, ?7)
     ORDER BY ${KEY} LIMIT 1`,
  )
  const oldest = database.prepare(`${select} AND timestamp_ms < ?4 ORDER BY ${KEY} LIMIT 1`)
  const remove = database.prepare(
    `DELETE FROM series_chunks WHERE ${OF_SERIES} AND (${KEY}) = (?4, ?5, ?6, ?7)`,
  )
  const insert = database.prepare('INSERT INTO series_chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
  return {
    /** The last chunk of the same week that begins before the key, or with it. */
    upTo({ tenant, asset, series }: SeriesName, key: SeriesKey): Chunk | null {
      const row = upTo.get(tenant, asset, series, ...key, weekStartMs(key[0]))
      return (row as unknown as Chunk | undefined) ?? null
    },
    /** The key of the first chunk after this key. */
    after({ tenant, asset, series }: SeriesName, key: SeriesKey): SeriesKey | null {
      const row = after.get(tenant, asset, series, ...key)
      return row === undefined ? null : firstKeyOf(row as unknown as Chunk)
    },
    /** The first chunk, if it begins before this time. */
    oldest({ tenant, asset, series }: SeriesName, before_ms: number): Chunk | null {
      return (oldest.get(tenant, asset, series, before_ms) as unknown as Chunk) ?? null
    },
    replace({ tenant, asset, series }: SeriesName, chunk: Chunk | null, by: readonly Chunk[]) {
      if (chunk !== null) remove.run(tenant, asset, series, ...firstKeyOf(chunk))
      for (const one of by) {
        insert.run(tenant, asset, series, ...firstKeyOf(one), one.last_ms, one.data)
      }
    },
  }
}
