/**
 * The queries of the port on one connection. Short ones run on the main thread, pages and charts on
 * the reader thread (`reader-thread.ts`). Long queries run in slices, with turns for each tenant.
 */

import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { nextSlice } from '@modulariot/platform/slices'
import { type AssetName, findNames, namesToRead } from '../asset-search.ts'
import { assertBuckets, bucketsOf } from '../buckets.ts'
import { seriesPage } from '../chunks/read-series.ts'
import { POSITIONS, VALUES } from '../chunks/series-kinds.ts'
import { type EventRow, eventsToRead, findEvents } from '../event-filter.ts'
import { jsonLength, type MeasurementRow, measurementFromRow } from '../measurement.ts'
import { MAX_FEED_LENGTH, MAX_PAGE_LENGTH, payloadLength, takePage } from '../page.ts'
import { type Bounds, boundsOf } from '../page-bounds.ts'
import { LIST_LENGTHS, type ListName, queriesOf, tenantParameters } from '../queries.ts'
import type { Block, Head } from '../report-blocks/block.ts'
import { BlockCache } from '../report-blocks/block-cache.ts'
import { FeedMerge, type FeedPage, type FeedRow, pageOfRows } from '../report-blocks/feed.ts'
import {
  type Asset,
  type AssetOccurrence,
  type AssetQuery,
  type BucketQuery,
  type EventQuery,
  type Feed,
  MAX_LATEST_KEYS,
  type Measurement,
  type MetricBucket,
  type MetricQuery,
  type Page,
  type PageQuery,
  type Position,
  type Tenant,
} from '../store.ts'
import { tenantName } from '../tenant-name.ts'
import { SQLITE } from './dialect.ts'
import { SqliteSeriesReads } from './series-reads.ts'

/** Numbers read in a slice, about two milliseconds. */
const NUMBERS_A_SLICE = 500
/** Keys whose newest value is read in a slice, about two milliseconds. */
const KEYS_A_SLICE = 25

type Row = Record<string, unknown>

interface FeedRows {
  readonly rows: readonly FeedRow[]
  readonly more: boolean
}

const EVENT_LISTS = ['events', 'eventsOfAsset', 'eventsOfType'] as const satisfies ListName[]
type EventList = (typeof EVENT_LISTS)[number]
type ListStatements = Record<EventList, Record<Bounds['direction'], StatementSync>>

export class SqliteReads {
  readonly #findAsset: StatementSync
  readonly #names: StatementSync
  readonly #nextKey: StatementSync
  readonly #feed: StatementSync
  readonly #nextBlock: StatementSync
  readonly #nextHead: StatementSync
  readonly #blocks = new BlockCache()
  readonly #assetName: StatementSync
  readonly #lastSeq: StatementSync
  readonly #retention: StatementSync
  readonly #lists: ListStatements
  readonly #series: SqliteSeriesReads

  constructor(database: DatabaseSync) {
    const prepare = (text: string) => database.prepare(text)
    const queries = queriesOf(SQLITE)
    this.#findAsset = prepare(queries.findAsset)
    this.#names = prepare(queries.assetNames)
    this.#nextKey = prepare(queries.nextKey)
    this.#feed = prepare(queries.feed)
    this.#nextBlock = prepare(queries.nextBlock)
    this.#nextHead = prepare(queries.nextHead)
    this.#assetName = prepare('SELECT asset_id FROM assets WHERE asset = ?')
    this.#lastSeq = prepare(queries.lastSeq)
    this.#retention = prepare(queries.retention)
    this.#lists = Object.fromEntries(
      EVENT_LISTS.map((name) => {
        const { oldest, newest } = queries.lists[name]
        return [name, { oldest: prepare(oldest), newest: prepare(newest) }]
      }),
    ) as unknown as ListStatements
    this.#series = new SqliteSeriesReads(database)
  }

  findAsset({ org_id, environment }: Tenant, asset_id: string): Asset | null {
    const row = this.#findAsset.get(org_id, environment, asset_id)
    return row === undefined ? null : ({ ...row } as unknown as Asset)
  }

  listAssets(tenant: Tenant, query: AssetQuery): Page<Asset, string> {
    const { org_id, environment } = tenant
    const names = this.#names.iterate(org_id, environment, query.after ?? '', namesToRead(query))
    const { rows, next } = findNames(names as Iterable<unknown> as Iterable<AssetName>, query)
    const page = takePage(this.#assets(tenant, rows), rows.length, payloadLength)
    return { rows: page.rows, next: page.more ? (page.rows.at(-1)?.asset_id ?? next) : next }
  }

  /** Looked up lazily, one by one. */
  *#assets(tenant: Tenant, asset_ids: readonly string[]): Generator<Asset> {
    for (const asset_id of asset_ids) {
      const asset = this.findAsset(tenant, asset_id)
      if (asset !== null) yield asset
    }
  }

  positions(tenant: Tenant, asset_id: string, query: PageQuery): Promise<Page<Position>> {
    const rows = this.#series.positions(tenant, asset_id, query, query.limit)
    return seriesPage(POSITIONS, rows, query.limit)
  }

  metrics(tenant: Tenant, asset_id: string, query: MetricQuery): Promise<Page<Measurement>> {
    const { key, limit } = query
    const rows = this.#series.values({ tenant, asset_id, key }, query, limit, 'metrics')
    return seriesPage(VALUES, rows, limit)
  }

  async metricBuckets(
    tenant: Tenant,
    asset_id: string,
    query: BucketQuery,
  ): Promise<MetricBucket[]> {
    assertBuckets(query)
    const { key } = query
    const all = { ...query, after: null, limit: NUMBERS_A_SLICE }
    const rows = this.#series.values({ tenant, asset_id, key }, all, NUMBERS_A_SLICE, 'numbers')
    return bucketsOf(rows, query)
  }

  async latestMetrics(
    tenant: Tenant,
    asset_id: string,
    after: string | null,
  ): Promise<Page<Measurement, string>> {
    const rows: MeasurementRow[] = []
    let length = 0
    for (let key = after ?? ''; ; key = rows.at(-1)?.key ?? key) {
      await nextSlice(tenantName(tenant))
      const left = MAX_PAGE_LENGTH - length
      const found = this.#latest(tenant, asset_id, key)
      const slice = takePage(found, KEYS_A_SLICE, jsonLength, left)
      rows.push(...slice.rows)
      length += slice.rows.reduce((sum, row) => sum + jsonLength(row), 0)
      if (!slice.more) return { rows: rows.map(measurementFromRow), next: null }
      if (rows.length >= MAX_LATEST_KEYS || length >= MAX_PAGE_LENGTH) {
        return { rows: rows.map(measurementFromRow), next: rows.at(-1)?.key ?? null }
      }
    }
  }

  *#latest(tenant: Tenant, asset_id: string, after: string): Generator<MeasurementRow> {
    for (let key: unknown = after; ; ) {
      key = this.#nextKey.get(...tenantParameters(tenant), asset_id, key as string)?.key
      if (typeof key !== 'string') return
      const row = this.#series.newest({ tenant, asset_id, key })
      if (row !== null) yield row
    }
  }

  events(tenant: Tenant, query: EventQuery): Page<AssetOccurrence> {
    const { asset_id, event_type } = query
    const ofType = event_type === undefined ? [] : [event_type]
    const narrower = event_type === undefined ? 'events' : 'eventsOfType'
    const list = asset_id === undefined ? narrower : 'eventsOfAsset'
    const where = [...tenantParameters(tenant), ...(asset_id === undefined ? ofType : [asset_id])]
    const all = this.#list(list, where, query, eventsToRead(query))
    return findEvents(all as Iterable<unknown> as Iterable<EventRow>, query)
  }

  readSince(tenant: Tenant, after: number | null, limit: number): Feed {
    const row = this.#lastSeq.get(...tenantParameters(tenant))
    const now = (row?.last_seq ?? 0) as number
    if (after === null || after >= now) return { entries: [], cursor: now, more: false }
    const all = this.#feed.iterate(
      ...tenantParameters(tenant),
      after,
      limit + 1,
    ) as Iterable<unknown>
    const rows = takePage(all as Iterable<FeedRow>, limit, payloadLength, MAX_FEED_LENGTH)
    const { rows: entries, more, until } = this.#withBlocks(tenant, after, limit, rows)
    // May include what another connection stored after `now` was read.
    return { entries, cursor: more ? until : Math.max(until, now), more }
  }

  #withBlocks(tenant: Tenant, after: number, limit: number, page: FeedRows): FeedPage {
    const entries = page.rows.map(({ next_block: _, ...entry }) => entry)
    const rows = { rows: entries, more: page.more }
    if (page.rows[0]?.next_block === null) return pageOfRows(rows)
    const merge = new FeedMerge(after, limit, rows)
    const nameOf = createNames((asset) => this.#assetName.get(asset)?.asset_id)
    for (let last = merge.nextAfter; last !== null; last = merge.nextAfter) {
      const parameters = [...tenantParameters(tenant), last] as const
      const head = this.#nextHead.get(...parameters) as Head | undefined
      const known = head && this.#blocks.find(tenant, head)
      const block = known ? undefined : (this.#nextBlock.get(...parameters) as Block | undefined)
      if (head && known) merge.add(head.until_seq, known, nameOf)
      else if (block) merge.add(block.until_seq, this.#blocks.add(tenant, block), nameOf)
      else merge.end()
    }
    return merge.page()
  }

  findRetention(org_id: string): number | null {
    return (this.#retention.get(org_id)?.days ?? null) as number | null
  }

  /** Read lazily; the caller must finish within the same turn of the event loop. */
  #list(
    name: EventList,
    where: readonly SQLInputValue[],
    query: PageQuery,
    limit: number,
  ): Iterable<Row> {
    const length = LIST_LENGTHS[name]
    const { direction, start, from_ms, to_ms } = boundsOf(query, length)
    const statement = this.#lists[name][direction]
    return statement.iterate(...where, ...start, from_ms, to_ms, limit) as Iterable<Row>
  }
}

/** Looks up each asset once. */
function createNames(find: (asset: number) => unknown): (asset: number) => string | undefined {
  const names = new Map<number, string | undefined>()
  return (asset) => {
    if (!names.has(asset)) names.set(asset, find(asset) as string | undefined)
    return names.get(asset)
  }
}
