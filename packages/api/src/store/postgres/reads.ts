/**
 * The queries of the port, most in a single statement, which sees one snapshot (READ COMMITTED).
 * The SQLite counterpart is `sqlite/reads.ts`.
 */

import type { Postgres } from '@modulariot/platform/postgres'
import { type AssetName, findNames, namesToRead } from '../asset-search.ts'
import { assertBuckets, bucketsOf } from '../buckets.ts'
import { seriesPage } from '../chunks/read-series.ts'
import { POSITIONS, VALUES } from '../chunks/series-kinds.ts'
import { type EventRow, eventsToRead, findEvents } from '../event-filter.ts'
import { jsonLength, type MeasurementRow, measurementFromRow } from '../measurement.ts'
import { MAX_FEED_LENGTH, payloadLength, takePage } from '../page.ts'
import { boundsOf } from '../page-bounds.ts'
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
import { POSTGRES } from './dialect.ts'
import { ASSETS_BY_ID, LATEST_METRICS, NAMES } from './queries.ts'
import { PostgresSeriesReads } from './series-reads.ts'

const TIMEOUT_MS = 5000
/** A chart reads all its values, so many at a time: about two milliseconds of work. */
const NUMBERS_A_QUERY = 1000

export class PostgresReads {
  readonly #postgres: Postgres
  readonly #queries = queriesOf(POSTGRES)
  readonly #blocks = new BlockCache()
  readonly #series = new PostgresSeriesReads((...query) => this.#run(...query))

  constructor(postgres: Postgres) {
    this.#postgres = postgres
  }

  async findAsset(tenant: Tenant, asset_id: string): Promise<Asset | null> {
    const values = [...tenantParameters(tenant), asset_id]
    const [asset] = await this.#run<Asset>('find_asset', this.#queries.findAsset, values)
    return asset ?? null
  }

  async listAssets(tenant: Tenant, query: AssetQuery): Promise<Page<Asset, string>> {
    const after = [...tenantParameters(tenant), query.after ?? '', namesToRead(query)]
    const names = await this.#run<AssetName>('asset_names', this.#queries.assetNames, after)
    const { rows, next } = findNames(names, query)
    if (rows.length === 0) return { rows: [], next }
    const found = await this.#run<Asset>('assets', ASSETS_BY_ID, [
      ...tenantParameters(tenant),
      rows,
    ])
    const page = takePage(found, rows.length, payloadLength)
    return { rows: page.rows, next: page.more ? (page.rows.at(-1)?.asset_id ?? next) : next }
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
    const all = { ...query, after: null, limit: NUMBERS_A_QUERY }
    const rows = this.#series.values({ tenant, asset_id, key }, all, NUMBERS_A_QUERY, 'numbers')
    return bucketsOf(rows, query)
  }

  async latestMetrics(
    tenant: Tenant,
    asset_id: string,
    after: string | null,
  ): Promise<Page<Measurement, string>> {
    const values = [...tenantParameters(tenant), asset_id, MAX_LATEST_KEYS + 1, after ?? '']
    const found = await this.#run<MeasurementRow>('latest_metrics', LATEST_METRICS, values)
    const { rows, more } = takePage(found, MAX_LATEST_KEYS, jsonLength)
    return { rows: rows.map(measurementFromRow), next: more ? (rows.at(-1)?.key ?? null) : null }
  }

  async events(tenant: Tenant, query: EventQuery): Promise<Page<AssetOccurrence>> {
    const { asset_id, event_type } = query
    const ofTenant = event_type === undefined ? 'events' : 'eventsOfType'
    const name = asset_id === undefined ? ofTenant : 'eventsOfAsset'
    const narrower = asset_id ?? event_type
    const where = [...tenantParameters(tenant), ...(narrower === undefined ? [] : [narrower])]
    return findEvents(await this.#list<EventRow>(name, where, query, eventsToRead(query)), query)
  }

  async readSince(tenant: Tenant, after: number | null, limit: number): Promise<Feed> {
    const { lastSeq, feed } = this.#queries
    const [row] = await this.#run<{ last_seq: number }>(
      'last_seq',
      lastSeq,
      tenantParameters(tenant),
    )
    const now = row?.last_seq ?? 0
    if (after === null || after >= now) return { entries: [], cursor: now, more: false }
    const all = await this.#run<FeedRow>('feed', feed, [
      ...tenantParameters(tenant),
      after,
      limit + 1,
    ])
    const rows = takePage(all, limit, payloadLength, MAX_FEED_LENGTH)
    const { rows: entries, more, until } = await this.#withBlocks(tenant, after, limit, rows)
    // May include what was stored after `now` was read.
    return { entries, cursor: more ? until : Math.max(until, now), more }
  }

  async #withBlocks(
    tenant: Tenant,
    after: number,
    limit: number,
    page: { readonly rows: readonly FeedRow[]; readonly more: boolean },
  ): Promise<FeedPage> {
    const entries = page.rows.map(({ next_block: _, ...entry }) => entry)
    const rows = { rows: entries, more: page.more }
    if (page.rows[0]?.next_block === null) return pageOfRows(rows)
    const merge = new FeedMerge(after, limit, rows)
    for (let last = merge.nextAfter; last !== null; last = merge.nextAfter) {
      const found = await this.#reportsAfter(tenant, last)
      if (found === null) {
        merge.end()
        continue
      }
      const assets = [...new Set(found.reports.map(({ asset }) => asset))]
      const names = await this.#run<{ asset: number; asset_id: string }>('names', NAMES, [assets])
      const ids = new Map(names.map(({ asset, asset_id }) => [asset, asset_id]))
      merge.add(found.until_seq, found.reports, (asset) => ids.get(asset))
    }
    return merge.page()
  }

  /** Those of the block that ends after `seq`; null when there is none. */
  async #reportsAfter(tenant: Tenant, seq: number) {
    const { nextHead, nextBlock } = this.#queries
    const parameters = [...tenantParameters(tenant), seq]
    const [head] = await this.#run<Head>('next_head', nextHead, parameters)
    if (head === undefined) return null
    const known = this.#blocks.find(tenant, head)
    if (known !== undefined) return { until_seq: head.until_seq, reports: known }
    const [block] = await this.#run<Block>('next_block', nextBlock, parameters)
    if (block === undefined) return null
    return { until_seq: block.until_seq, reports: this.#blocks.add(tenant, block) }
  }

  async findRetention(org_id: string): Promise<number | null> {
    const { retention } = this.#queries
    const [row] = await this.#run<{ days: number }>('retention', retention, [org_id])
    return row?.days ?? null
  }

  /** Of events. */
  #list<Row extends object>(
    name: ListName,
    where: readonly unknown[],
    query: PageQuery,
    limit = query.limit + 1,
  ): Promise<Row[]> {
    const { direction, start, from_ms, to_ms } = boundsOf(query, LIST_LENGTHS[name])
    const values = [...where, ...start, from_ms, to_ms, limit]
    return this.#run(`${name}_${direction}`, this.#queries.lists[name][direction], values)
  }

  async #run<Row extends object>(
    name: string,
    text: string,
    values: readonly unknown[],
  ): Promise<Row[]> {
    const statement = { name: `telemetry_${name}`, text }
    return (await this.#postgres.query<Row>(statement, values, { timeoutMs: TIMEOUT_MS })).rows
  }
}
