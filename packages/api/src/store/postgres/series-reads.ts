/**
 * Reads the positions and values of an asset: rows of their tables, and chunks. The SQLite
 * counterpart is `sqlite/series-reads.ts`.
 */

import { nextSlice } from '@modulariot/platform/slices'
import { type Chunk, POSITIONS_SERIES } from '../chunks/chunk.ts'
import { chunkParameters, chunkQueriesOf } from '../chunks/chunk-queries.ts'
import { readSeries, type SeriesSource } from '../chunks/read-series.ts'
import { POSITIONS, type PositionRow, type SeriesKind, VALUES } from '../chunks/series-kinds.ts'
import type { MeasurementRow } from '../measurement.ts'
import { takePage } from '../page.ts'
import { type Bounds, boundsOf } from '../page-bounds.ts'
import { LIST_LENGTHS, queriesOf, tenantParameters } from '../queries.ts'
import type { PageQuery, Tenant } from '../store.ts'
import { tenantName } from '../tenant-name.ts'
import { POSTGRES } from './dialect.ts'

/** The values of a key. */
export interface ValueSeries {
  readonly tenant: Tenant
  readonly asset_id: string
  readonly key: string
}

/** Runs a statement under a name of its own. */
export type RunNamed = <Row extends object>(
  name: string,
  text: string,
  values: readonly unknown[],
) => Promise<Row[]>

interface Table<Row> {
  readonly kind: SeriesKind<Row, unknown>
  readonly list: 'positions' | 'metrics' | 'numbers'
  readonly limit: number
}

export class PostgresSeriesReads {
  readonly #run: RunNamed
  readonly #lists = queriesOf(POSTGRES).lists
  readonly #chunks = chunkQueriesOf(POSTGRES)

  constructor(run: RunNamed) {
    this.#run = run
  }

  /** In batches of about `limit`. */
  positions(tenant: Tenant, asset_id: string, query: PageQuery, limit: number) {
    const bounds = boundsOf(query, LIST_LENGTHS.positions)
    const table = { kind: POSITIONS, list: 'positions', limit } as const
    const source = this.#source<PositionRow>(table, tenant, [asset_id], bounds)
    return readSeries(POSITIONS, POSITIONS_SERIES, bounds, source)
  }

  /** As `positions`. @param list `numbers` has no texts of young values. */
  values(series: ValueSeries, query: PageQuery, limit: number, list: 'metrics' | 'numbers') {
    const { tenant, asset_id, key } = series
    const bounds = boundsOf(query, LIST_LENGTHS.metrics)
    const table = { kind: VALUES, list, limit }
    const source = this.#source<MeasurementRow>(table, tenant, [asset_id, key], bounds)
    return readSeries(VALUES, key, bounds, source)
  }

  #source<Row extends object>(
    { kind, list, limit }: Table<Row>,
    tenant: Tenant,
    names: readonly string[],
    bounds: Bounds,
  ): SeriesSource<Row> {
    const { direction, from_ms, to_ms } = bounds
    const where = [...tenantParameters(tenant), ...names]
    const series = list === 'positions' ? [...where, POSITIONS_SERIES] : where
    return {
      rows: async (after) => {
        const values = [...where, ...kind.rowKeyOf(after), from_ms, to_ms, limit + 1]
        const text = this.#lists[list][direction]
        const rows = await this.#run<Row>(`${list}_${direction}`, text, values)
        return takePage(rows, limit, kind.lengthOf)
      },
      chunks: async (after) => {
        const values = [...series, ...after, ...chunkParameters(bounds, after)]
        const text = this.#chunks[direction]
        const chunks = await this.#run<Chunk>(`chunks_${direction}`, text, values)
        // To decode them takes a millisecond or two.
        if (chunks.length > 0) await nextSlice(tenantName(tenant))
        return chunks
      },
    }
  }
}
