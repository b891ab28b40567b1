/**
 * The lists in their wire format: parses the query string into a query, and encodes the key of the
 * last row as a cursor. read/ runs the query.
 */

import { EVENT_SEVERITIES } from '@modulariot/telemetry'
import { listAssets } from '../read/assets.ts'
import {
  listEvents,
  listLatestMetrics,
  listMetrics,
  listPositions,
  type SeriesDeps,
  type SummaryDeps,
  summarizeMetric,
} from '../read/series.ts'
import { countBuckets } from '../store/buckets.ts'
import {
  type BucketQuery,
  MAX_BUCKETS,
  type PageQuery,
  ROW_KEY_LENGTHS,
  type TelemetryStore,
  type Tenant,
} from '../store/store.ts'
import {
  invalid,
  parseBucket,
  parseCursor,
  parseLimit,
  parseName,
  parsePeriod,
  parseRowKey,
  parseText,
  parseWord,
  type SentQuery,
  writeBucket,
  writeCursor,
  writeName,
  writeRowKey,
} from './query-parameters.ts'

export const MAX_ASSETS_LIMIT = 200
export const MAX_SERIES_LIMIT = 1000

export interface MetricsDeps extends SummaryDeps {
  /** Unix milliseconds. */
  readonly now: () => number
}

/**
 * Query parameters: `search` (part of the `asset_id` or the type), `type` (exact), `limit` and
 * `cursor`.
 *
 * @throws ApiError 400
 */
export async function assetsPage(
  tenant: Tenant,
  query: SentQuery,
  store: Pick<TelemetryStore, 'listAssets'>,
) {
  const parsed = {
    search: parseText(query, 'search'),
    type: parseText(query, 'type'),
    after: parseCursor(query),
    limit: parseLimit(query, MAX_ASSETS_LIMIT),
  }
  const { rows, next } = await listAssets(tenant, parsed, store)
  return { assets: rows, next_cursor: writeCursor(next) }
}

/** @throws ApiError 400; 404 when there is no such asset. */
export async function positionsPage(
  tenant: Tenant,
  asset_id: string,
  query: SentQuery,
  deps: SeriesDeps,
) {
  const { list, ...page } = parsePage(query, 'positions')
  const { rows, next } = await listPositions(tenant, asset_id, page, deps)
  return { asset_id, positions: rows, next_cursor: writeRowKey(list, next) }
}

/**
 * Without `key`, the newest value of each key. With `key`, the values of that key; with `bucket`
 * too, their summary.
 *
 * @throws ApiError 400; 404 when there is no such asset; 429 when too many summaries wait.
 */
export async function metricsPage(
  tenant: Tenant,
  asset_id: string,
  query: SentQuery,
  deps: MetricsDeps,
) {
  const key = parseText(query, 'key')
  const bucketMs = parseBucket(query)
  if (key === undefined) return latestPage(tenant, asset_id, query, deps)
  if (bucketMs !== undefined) {
    const parsed = { key, bucketMs, ...summarized(query, bucketMs, deps.now) }
    const summary = await summarizeMetric(tenant, asset_id, parsed, deps)
    return { asset_id, key: summary.key, bucket: query.bucket, buckets: summary.buckets }
  }
  const { list, ...page } = parsePage(query, 'metrics')
  const { rows, next } = await listMetrics(tenant, asset_id, { key, ...page }, deps)
  return { asset_id, metrics: rows, next_cursor: writeRowKey(list, next) }
}

async function latestPage(tenant: Tenant, asset_id: string, query: SentQuery, deps: SeriesDeps) {
  const needless = Object.keys(query).find((name) => name !== 'cursor')
  if (needless !== undefined) {
    throw invalid('key', `is required with ${needless}`)
  }
  const after = parseName(query, 'latest')
  const { rows, next } = await listLatestMetrics(tenant, asset_id, after, deps)
  return { asset_id, metrics: rows, next_cursor: writeName('latest', next) }
}

/** The period of a summary. @throws ApiError 400 */
function summarized(
  query: SentQuery,
  bucketMs: number,
  now: () => number,
): Pick<BucketQuery, 'from_ms' | 'to_ms'> {
  const { from_ms, to_ms = now() } = parsePeriod(query)
  for (const name of ['order', 'limit', 'cursor']) {
    if (query[name] !== undefined) throw invalid(name, 'cannot be combined with bucket')
  }
  if (from_ms === undefined) throw invalid('from', 'is required with bucket')
  if (from_ms >= to_ms) throw invalid('from', 'must be before to')
  if (countBuckets({ from_ms, to_ms, bucketMs }) > MAX_BUCKETS) {
    const least = writeBucket((to_ms - from_ms) / (MAX_BUCKETS - 1))
    throw invalid(
      'bucket',
      `must be at least ${least} for this period: at most ${MAX_BUCKETS} buckets`,
    )
  }
  return { from_ms, to_ms }
}

/**
 * The events of one asset, or of the whole tenant.
 *
 * @throws ApiError 400; 404 when there is no such asset.
 */
export async function eventsPage(
  tenant: Tenant,
  asset_id: string | undefined,
  query: SentQuery,
  deps: SeriesDeps,
) {
  const { list, ...page } = parsePage(query, 'events')
  const parsed = {
    asset_id,
    event_type: parseText(query, 'type'),
    severity: parseWord(query, 'severity', EVENT_SEVERITIES),
    ...page,
  }
  const { rows, next } = await listEvents(tenant, parsed, deps)
  return { events: rows, next_cursor: writeRowKey(list, next) }
}

/** A cursor is valid for one list and one direction. */
function parsePage(
  query: SentQuery,
  name: keyof typeof ROW_KEY_LENGTHS,
): PageQuery & { list: string } {
  const order = parseWord(query, 'order', ['asc', 'desc']) ?? 'asc'
  const list = `${name}-${order}`
  return {
    list,
    ...parsePeriod(query),
    newestFirst: order === 'desc',
    after: parseRowKey(query, list, ROW_KEY_LENGTHS[name]),
    limit: parseLimit(query, MAX_SERIES_LIMIT),
  }
}
