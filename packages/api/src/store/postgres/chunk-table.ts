/** The table of chunks. */

import type { RunQuery } from '@modulariot/platform/postgres'
import { type Chunk, firstKeyOf, WEEK_MS, weekStartMs } from '../chunks/chunk.ts'
import { CHUNK_COLUMNS } from '../chunks/chunk-queries.ts'
import type { SeriesKey } from '../chunks/series-kinds.ts'

/** A series by its numbers. */
export interface SeriesName {
  readonly tenant: number
  readonly asset: number
  /** The key of the values; '' for positions. */
  readonly series: string
}

export interface Place {
  /** The last chunk of the week that begins before the first row, or with it. */
  readonly chunk: Chunk | null
  /** The key of the chunk that follows. */
  readonly next: SeriesKey | null
}

/** Where rows with these keys belong: a place for each. */
export async function findPlaces(
  query: RunQuery,
  names: readonly (SeriesName & { readonly key: SeriesKey })[],
): Promise<Place[]> {
  const { rows } = await query<{
    chunk_of: Chunk['timestamp_ms'] | null
    sequence: number
    seq: number
    item: number
    last_ms: number
    data: Uint8Array
    next: string[] | null
  }>(FIND_PLACES, [
    ...parametersOf(names),
    ...[0, 1, 2, 3].map((column) => names.map(({ key }) => key[column])),
    names.map(({ key }) => weekStartMs(key[0])),
  ])
  return rows.map(({ chunk_of, next, ...chunk }) => ({
    chunk: chunk_of === null ? null : { ...chunk, timestamp_ms: chunk_of },
    next: next === null ? null : (next.map(Number) as unknown as SeriesKey),
  }))
}

const KEY = 'timestamp_ms, sequence, seq, item'
const OF_SERIES = 'c.tenant = s.tenant AND c.asset = s.asset AND c.series = s.series'

const FIND_PLACES = `SELECT c.timestamp_ms AS chunk_of, c.sequence, c.seq, c.item, c.last_ms, c.data,
    following.key AS next
  FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[],
      $7::bigint[], $8::bigint[])
      WITH ORDINALITY AS s (tenant, asset, series, ${KEY}, week_ms, number)
    LEFT JOIN LATERAL (
      SELECT ${CHUNK_COLUMNS} FROM telemetry.series_chunks c
      WHERE ${OF_SERIES} AND (${columnsOf('c')}) <= (${columnsOf('s')})
        AND c.timestamp_ms >= s.week_ms AND c.timestamp_ms <= s.timestamp_ms
      ORDER BY timestamp_ms DESC, sequence DESC, seq DESC, item DESC LIMIT 1) AS c ON true
    LEFT JOIN LATERAL (
      SELECT ARRAY[${columnsOf('c')}] AS key FROM telemetry.series_chunks c
      WHERE ${OF_SERIES} AND (${columnsOf('c')}) > (${columnsOf('s')})
        AND c.timestamp_ms >= s.timestamp_ms AND c.timestamp_ms < s.week_ms + ${WEEK_MS}
      ORDER BY ${KEY} LIMIT 1) AS following ON true
  ORDER BY s.number`

function columnsOf(table: string): string {
  return KEY.split(', ')
    .map((column) => `${table}.${column}`)
    .join(', ')
}

export async function removeChunks(
  query: RunQuery,
  removed: readonly { readonly name: SeriesName; readonly chunk: Chunk }[],
): Promise<void> {
  if (removed.length === 0) return
  const times = removed.map(({ chunk }) => chunk.timestamp_ms)
  await query(
    `DELETE FROM telemetry.series_chunks c
     USING unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[],
       $7::bigint[]) AS s (tenant, asset, series, ${KEY})
     WHERE ${OF_SERIES} AND (${columnsOf('c')}) = (${columnsOf('s')})
       AND c.timestamp_ms BETWEEN $8 AND $9`,
    [
      ...parametersOf(removed.map(({ name }) => name)),
      ...keyParametersOf(removed),
      // Prune partitions, of which it might otherwise scan each.
      Math.min(...times),
      Math.max(...times),
    ],
  )
}

export async function insertChunks(
  query: RunQuery,
  stored: readonly { readonly name: SeriesName; readonly chunk: Chunk }[],
): Promise<void> {
  if (stored.length === 0) return
  await query(
    `INSERT INTO telemetry.series_chunks (tenant, asset, series, ${KEY}, last_ms, data)
     SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[],
       $6::bigint[], $7::bigint[], $8::bigint[], $9::bytea[])`,
    [
      ...parametersOf(stored.map(({ name }) => name)),
      ...keyParametersOf(stored),
      stored.map(({ chunk }) => chunk.last_ms),
      stored.map(({ chunk }) => Buffer.from(chunk.data)),
    ],
  )
}

/** Three arrays: tenants, assets, series. */
export function parametersOf(names: readonly SeriesName[]): unknown[][] {
  return [
    names.map(({ tenant }) => tenant),
    names.map(({ asset }) => asset),
    names.map(({ series }) => series),
  ]
}

function keyParametersOf(chunks: readonly { readonly chunk: Chunk }[]): unknown[][] {
  const keys = chunks.map(({ chunk }) => firstKeyOf(chunk))
  return [0, 1, 2, 3].map((column) => keys.map((key) => key[column]))
}
