/** Reads the positions and values of an asset: rows of their tables, and chunks. */

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { nextSlice } from '@modulariot/platform/slices'
import { type Chunk, POSITIONS_SERIES } from '../chunks/chunk.ts'
import { chunkParameters, chunkQueriesOf } from '../chunks/chunk-queries.ts'
import { readSeries, type SeriesSource } from '../chunks/read-series.ts'
import {
  POSITIONS,
  type PositionRow,
  type SeriesKey,
  type SeriesKind,
  VALUES,
} from '../chunks/series-kinds.ts'
import type { MeasurementRow } from '../measurement.ts'
import { takePage } from '../page.ts'
import { type Bounds, boundsOf } from '../page-bounds.ts'
import { LIST_LENGTHS, queriesOf, tenantParameters } from '../queries.ts'
import type { PageQuery, Tenant } from '../store.ts'
import { tenantName } from '../tenant-name.ts'
import { SQLITE } from './dialect.ts'

/** The values of a key. */
export interface ValueSeries {
  readonly tenant: Tenant
  readonly asset_id: string
  readonly key: string
}

type List = 'positions' | 'metrics' | 'numbers'
type Directed = Record<Bounds['direction'], StatementSync>

const NEWEST = { after: null, limit: 1, newestFirst: true } as const

/** Rows and chunks of one series after a key. */
interface Reading<Row> {
  rows(after: SeriesKey): Awaited<ReturnType<SeriesSource<Row>['rows']>>
  chunks(after: SeriesKey): Chunk[]
}

export class SqliteSeriesReads {
  readonly #lists: Record<List, Directed>
  readonly #chunks: Directed

  constructor(database: DatabaseSync) {
    const prepare = ({ oldest, newest }: Record<Bounds['direction'], string>): Directed => ({
      oldest: database.prepare(oldest),
      newest: database.prepare(newest),
    })
    const { lists } = queriesOf(SQLITE)
    this.#lists = {
      positions: prepare(lists.positions),
      metrics: prepare(lists.metrics),
      numbers: prepare(lists.numbers),
    }
    this.#chunks = prepare(chunkQueriesOf(SQLITE))
  }

  /** In batches of about `limit`, each in a turn of the tenant. */
  positions(tenant: Tenant, asset_id: string, query: PageQuery, limit: number) {
    const bounds = boundsOf(query, LIST_LENGTHS.positions)
    const where = [...tenantParameters(tenant), asset_id]
    const reading = this.#reading<PositionRow>(POSITIONS, 'positions', where, bounds, limit)
    return readSeries(POSITIONS, POSITIONS_SERIES, bounds, inTurns(tenant, reading))
  }

  /** As `positions`. @param list `numbers` has no texts of young values. */
  values(series: ValueSeries, query: PageQuery, limit: number, list: 'metrics' | 'numbers') {
    const bounds = boundsOf(query, LIST_LENGTHS.metrics)
    const where = [...tenantParameters(series.tenant), series.asset_id, series.key]
    const reading = this.#reading<MeasurementRow>(VALUES, list, where, bounds, limit)
    return readSeries(VALUES, series.key, bounds, inTurns(series.tenant, reading))
  }

  /** Always in the table, as the last row of a series never moves to a chunk. */
  newest({ tenant, asset_id, key }: ValueSeries): MeasurementRow | null {
    const { start, from_ms, to_ms } = boundsOf(NEWEST, LIST_LENGTHS.metrics)
    const where = [...tenantParameters(tenant), asset_id, key]
    const row = this.#lists.metrics.newest.get(...where, ...start, from_ms, to_ms, 1)
    return (row as unknown as MeasurementRow | undefined) ?? null
  }

  #reading<Row>(
    kind: SeriesKind<Row, unknown>,
    list: List,
    where: readonly string[],
    bounds: Bounds,
    limit: number,
  ): Reading<Row> {
    const { direction, from_ms, to_ms } = bounds
    const statement = this.#lists[list][direction]
    const series = list === 'positions' ? [...where, POSITIONS_SERIES] : where
    return {
      rows: (after) => {
        const values = [...where, ...kind.rowKeyOf(after), from_ms, to_ms, limit + 1]
        const rows: Iterable<unknown> = statement.iterate(...values)
        return takePage(rows as Iterable<Row>, limit, kind.lengthOf)
      },
      chunks: (after) => {
        const values = [...series, ...after, ...chunkParameters(bounds, after)]
        return this.#chunks[direction].all(...values) as unknown as Chunk[]
      },
    }
  }
}

function inTurns<Row>(tenant: Tenant, { rows, chunks }: Reading<Row>): SeriesSource<Row> {
  return {
    async rows(after) {
      await nextSlice(tenantName(tenant))
      return rows(after)
    },
    chunks: async (after) => chunks(after),
  }
}
