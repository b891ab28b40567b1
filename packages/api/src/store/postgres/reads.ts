/** The questions of the port, each one statement (READ COMMITTED: of one moment). */

import type { Postgres } from '@modulariot/platform/postgres'
import { type AssetName, findNames, namesToRead } from '../asset-search.ts'
import { assertBuckets } from '../buckets.ts'
import { type EventRow, eventsToRead, findEvents } from '../event-filter.ts'
import { jsonLength, type MeasurementRow, measurementOf } from '../measurement.ts'
import { MAX_FEED_LENGTH, pageOf, payloadLength, takePage } from '../page.ts'
import { boundsOf } from '../place.ts'
import { LIST_LENGTHS, type ListName, queriesOf } from '../queries.ts'
import {
  type Asset,
  type FeedEntry,
  MAX_LATEST_KEYS,
  type MetricBucket,
  type PageQuery,
  type Position,
  type TelemetryStore,
  type Tenant,
} from '../store.ts'
import { POSTGRES } from './dialect.ts'
import { ASSETS_BY_ID, BUCKETS, LATEST_METRICS } from './queries.ts'

type Reads = Pick<
  TelemetryStore,
  | 'findAsset'
  | 'listAssets'
  | 'positions'
  | 'metrics'
  | 'metricBuckets'
  | 'latestMetrics'
  | 'events'
  | 'readSince'
  | 'findRetention'
>

const TIMEOUT_MS = 5000
/** A chart of a long time reads all of it. */
const CHART_TIMEOUT_MS = 9000

export function createReads(postgres: Postgres): Reads {
  const queries = queriesOf(POSTGRES)

  async function ask<Row extends object>(
    name: string,
    text: string,
    values: readonly unknown[],
    timeoutMs = TIMEOUT_MS,
  ): Promise<Row[]> {
    const statement = { name: `telemetry_${name}`, text }
    return (await postgres.query<Row>(statement, values, { timeoutMs })).rows
  }

  function list<Row extends object>(
    name: ListName,
    where: readonly unknown[],
    query: PageQuery,
    limit: number,
  ): Promise<Row[]> {
    const { direction, start, from_ms, to_ms } = boundsOf(query, LIST_LENGTHS[name])
    const values = [...where, ...start, from_ms, to_ms, limit]
    return ask(`${name}_${direction}`, queries.lists[name][direction], values)
  }

  return {
    async findAsset(tenant, asset_id) {
      const [asset] = await ask<Asset>('find_asset', queries.findAsset, [
        ...whose(tenant),
        asset_id,
      ])
      return asset ?? null
    },
    async listAssets(tenant, query) {
      const after = [query.after ?? '', namesToRead(query)]
      const names = await ask<AssetName>('asset_names', queries.assetNames, [
        ...whose(tenant),
        ...after,
      ])
      const { rows, next } = findNames(names, query)
      if (rows.length === 0) return { rows: [], next }
      const found = await ask<Asset>('assets', ASSETS_BY_ID, [...whose(tenant), rows])
      const page = takePage(found, rows.length, payloadLength)
      return { rows: page.rows, next: page.more ? (page.rows.at(-1)?.asset_id ?? next) : next }
    },
    async positions(tenant, asset_id, query) {
      const where = [...whose(tenant), asset_id]
      const rows = await list<Position & { seq: number }>(
        'positions',
        where,
        query,
        query.limit + 1,
      )
      return pageOf(rows, query.limit, ({ seq, ...row }) => ({
        row,
        place: [row.timestamp_ms, seq],
      }))
    },
    async metrics(tenant, asset_id, query) {
      const where = [...whose(tenant), asset_id, query.key]
      const rows = await list<MeasurementRow>('metrics', where, query, query.limit + 1)
      const read = (row: MeasurementRow) => ({
        row: measurementOf(row),
        place: [row.timestamp_ms, row.sequence, row.seq, row.item],
      })
      return pageOf(rows, query.limit, read, jsonLength)
    },
    // Its signal is not heeded: a statement that runs could only be cancelled over another
    // connection.
    async metricBuckets(tenant, asset_id, query) {
      assertBuckets(query)
      const { key, from_ms, to_ms, bucketMs } = query
      const values = [...whose(tenant), asset_id, key, from_ms, to_ms, bucketMs]
      return ask<MetricBucket>('buckets', BUCKETS, values, CHART_TIMEOUT_MS)
    },
    async latestMetrics(tenant, asset_id, after) {
      const values = [...whose(tenant), asset_id, MAX_LATEST_KEYS + 1, after ?? '']
      const found = await ask<MeasurementRow>('latest_metrics', LATEST_METRICS, values)
      const { rows, more } = takePage(found, MAX_LATEST_KEYS, jsonLength)
      return { rows: rows.map(measurementOf), next: more ? (rows.at(-1)?.key ?? null) : null }
    },
    async events(tenant, query) {
      const { asset_id, event_type } = query
      const ofTenant = event_type === undefined ? 'events' : 'eventsOfType'
      const name = asset_id === undefined ? ofTenant : 'eventsOfAsset'
      const narrower = asset_id ?? event_type
      const where = [...whose(tenant), ...(narrower === undefined ? [] : [narrower])]
      return findEvents(await list<EventRow>(name, where, query, eventsToRead(query)), query)
    },
    async readSince(tenant, after, limit) {
      const [row] = await ask<{ last_seq: number }>('last_seq', queries.lastSeq, whose(tenant))
      const now = row?.last_seq ?? 0
      if (after === null || after >= now) return { entries: [], cursor: now, more: false }
      const all = await ask<FeedEntry>('feed', queries.feed, [...whose(tenant), after, limit + 1])
      const { rows: entries, more } = takePage(all, limit, payloadLength, MAX_FEED_LENGTH)
      // What came after `now` was read may be among them.
      const last = entries.at(-1)?.cursor ?? now
      return { entries, cursor: more ? last : Math.max(last, now), more }
    },
    async findRetention(org_id) {
      const [row] = await ask<{ days: number }>('retention', queries.retention, [org_id])
      return row?.days ?? null
    },
  }
}

function whose({ org_id, environment }: Tenant): [string, string] {
  return [org_id, environment]
}
