/** Reading back what was measured and what happened, by device time, within one tenant. */

import { EVENT_SEVERITIES, metricDefinition } from '@modulariot/telemetry'
import type { TenantTurns } from '../limits/tenant-turns.ts'
import { countBuckets } from '../store/buckets.ts'
import {
  type AssetOccurrence,
  MAX_BUCKETS,
  type Measurement,
  type MetricBucket,
  type PageQuery,
  PLACE_LENGTHS,
  type Position,
  type TelemetryStore,
  type Tenant,
} from '../store/store.ts'
import { noSuchAsset } from './assets.ts'
import {
  invalid,
  parseBucket,
  parseLimit,
  parseName,
  parsePeriod,
  parsePlace,
  parseText,
  parseWord,
  type SentQuery,
  writeBucket,
  writeName,
  writePlace,
} from './query-parameters.ts'

export const MAX_SERIES_LIMIT = 1000

export const PAGE_PARAMETERS = ['from', 'to', 'order', 'limit', 'cursor'] as const

export interface SeriesDeps {
  readonly store: TelemetryStore
  readonly charts: TenantTurns
  /** Unix milliseconds. */
  readonly now: () => number
}

/** What a list that may wait for its turn also needs. */
export interface WaitingDeps extends SeriesDeps {
  /** Aborted when the caller has left. */
  readonly signal: AbortSignal
  /** Is the token still good? Runs when the turn has come. @throws OAuthError */
  readonly confirm: () => Promise<void>
}

/** @throws ApiError 400; 404 when there is no such asset. */
export async function listPositions(
  tenant: Tenant,
  asset_id: string,
  query: SentQuery,
  { store }: SeriesDeps,
) {
  const { list, ...page } = pageOf(query, 'positions')
  const { rows, next } = await store.positions(tenant, asset_id, page)
  if (rows.length === 0) await assertAsset(tenant, asset_id, store)
  return { asset_id, positions: rows.map(positionView), next_cursor: writePlace(list, next) }
}

/**
 * Without `key` the newest value of each key, with it the values of that key, with `bucket` besides the
 * same in summary.
 *
 * @throws ApiError 400; 404 when there is no such asset; 429 when too many ask for summaries.
 */
export async function listMetrics(
  tenant: Tenant,
  asset_id: string,
  query: SentQuery,
  deps: WaitingDeps,
) {
  const sent = parseText(query, 'key')
  const key = sent === undefined ? undefined : (metricDefinition(sent)?.key ?? sent)
  const bucketMs = parseBucket(query)
  if (key === undefined) return latestMetrics(tenant, asset_id, query, deps)
  if (bucketMs !== undefined) return metricBuckets(tenant, asset_id, key, bucketMs, query, deps)
  const { list, ...page } = pageOf(query, 'metrics')
  const { rows, next } = await deps.store.metrics(tenant, asset_id, { key, ...page })
  if (rows.length === 0) await assertAsset(tenant, asset_id, deps.store)
  return { asset_id, metrics: rows.map(metricView), next_cursor: writePlace(list, next) }
}

async function latestMetrics(
  tenant: Tenant,
  asset_id: string,
  query: SentQuery,
  { store }: SeriesDeps,
) {
  const needless = Object.keys(query).find((name) => name !== 'cursor')
  if (needless !== undefined)
    throw invalid('key', `must say whose values, where ${needless} is given`)
  const after = parseName(query, 'latest')
  const { rows, next } = await store.latestMetrics(tenant, asset_id, after)
  if (rows.length === 0) await assertAsset(tenant, asset_id, store)
  return { asset_id, metrics: rows.map(metricView), next_cursor: writeName('latest', next) }
}

async function metricBuckets(
  tenant: Tenant,
  asset_id: string,
  key: string,
  bucketMs: number,
  query: SentQuery,
  { store, now, charts, signal, confirm }: WaitingDeps,
) {
  const { from_ms, to_ms = now() } = parsePeriod(query)
  for (const name of ['order', 'limit', 'cursor']) {
    if (query[name] !== undefined) throw invalid(name, 'has no meaning where bucket is given')
  }
  if (from_ms === undefined) throw invalid('from', 'is required where bucket is given')
  if (from_ms >= to_ms) throw invalid('from', 'must be before to')
  if (countBuckets({ from_ms, to_ms, bucketMs }) > MAX_BUCKETS) {
    const least = writeBucket((to_ms - from_ms) / (MAX_BUCKETS - 1))
    throw invalid(
      'bucket',
      `must be at least ${least} for this period: ${MAX_BUCKETS} buckets are the most`,
    )
  }
  const asked = { key, from_ms, to_ms, bucketMs, signal }
  const rows = await charts.run(tenant, signal, async () => {
    await confirm()
    return store.metricBuckets(tenant, asset_id, asked)
  })
  if (rows.length === 0) await assertAsset(tenant, asset_id, store)
  return { asset_id, key, bucket: query.bucket, buckets: rows.map(bucketView) }
}

export const EVENT_PARAMETERS = [...PAGE_PARAMETERS, 'type', 'severity'] as const

/** What http/asset-json.ts writes as it is. */
export interface EventList {
  readonly events: readonly Pick<AssetOccurrence, 'asset_id' | 'payload'>[]
  readonly next_cursor: string | null
}

/** Of one asset, or of all the tenant's. @throws ApiError 400; 404 when there is no such asset. */
export async function listEvents(
  tenant: Tenant,
  asset_id: string | undefined,
  query: SentQuery,
  { store }: SeriesDeps,
): Promise<EventList> {
  const { list, ...page } = pageOf(query, 'events')
  const { rows, next } = await store.events(tenant, {
    asset_id,
    event_type: parseText(query, 'type'),
    severity: parseWord(query, 'severity', EVENT_SEVERITIES),
    ...page,
  })
  if (rows.length === 0 && asset_id !== undefined) await assertAsset(tenant, asset_id, store)
  return { events: rows, next_cursor: writePlace(list, next) }
}

/** A cursor is good for one list and one direction. */
function pageOf(query: SentQuery, name: keyof typeof PLACE_LENGTHS): PageQuery & { list: string } {
  const order = parseWord(query, 'order', ['asc', 'desc']) ?? 'asc'
  const list = `${name}-${order}`
  return {
    list,
    ...parsePeriod(query),
    newestFirst: order === 'desc',
    after: parsePlace(query, list, PLACE_LENGTHS[name]),
    limit: parseLimit(query, MAX_SERIES_LIMIT),
  }
}

/** An asset that is not there has an empty page of everything; only then is it looked for. */
async function assertAsset(tenant: Tenant, asset_id: string, store: TelemetryStore): Promise<void> {
  if ((await store.findAsset(tenant, asset_id)) === null) throw noSuchAsset()
}

function positionView({ timestamp_ms, ...fix }: Position) {
  return { timestamp: iso(timestamp_ms), ...fix }
}

function metricView({ key, timestamp_ms, sequence, ...rest }: Measurement) {
  return { key, timestamp: iso(timestamp_ms), seq: sequence, ...rest }
}

function bucketView({ start_ms, ...numbers }: MetricBucket) {
  return { start: iso(start_ms), ...numbers }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
