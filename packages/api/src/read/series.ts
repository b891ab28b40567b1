/**
 * Reads positions, metrics and events by device time, within one tenant.
 *
 * Queries and row keys are those of the store; their wire format is in http/.
 */

import { metricDefinition } from '@modulariot/telemetry'
import type { TenantTurns } from '../limits/tenant-turns.ts'
import type {
  AssetOccurrence,
  BucketQuery,
  EventQuery,
  Measurement,
  MetricBucket,
  MetricQuery,
  Page,
  PageQuery,
  Position,
  TelemetryStore,
  Tenant,
} from '../store/store.ts'
import { noSuchAsset } from './assets.ts'

export interface SeriesDeps {
  readonly store: TelemetryStore
}

/** Dependencies of a summary, which may wait for its turn. */
export interface SummaryDeps extends SeriesDeps {
  readonly charts: TenantTurns
  /** Aborted when the client disconnects. */
  readonly signal: AbortSignal
  /** Verifies the token again when the turn comes. @throws OAuthError */
  readonly confirm: () => Promise<void>
}

/** @throws ApiError 404 when there is no such asset. */
export async function listPositions(
  tenant: Tenant,
  asset_id: string,
  query: PageQuery,
  { store }: SeriesDeps,
) {
  const { rows, next } = await store.positions(tenant, asset_id, query)
  if (rows.length === 0) await assertAsset(tenant, asset_id, store)
  return { rows: rows.map(positionView), next }
}

/** The values of one key, in any spelling. @throws ApiError 404 when there is no such asset. */
export async function listMetrics(
  tenant: Tenant,
  asset_id: string,
  query: MetricQuery,
  { store }: SeriesDeps,
) {
  const key = canonicalKey(query.key)
  const { rows, next } = await store.metrics(tenant, asset_id, { ...query, key })
  if (rows.length === 0) await assertAsset(tenant, asset_id, store)
  return { rows: rows.map(metricView), next }
}

/**
 * The newest value of each key.
 *
 * @param after return keys after this one.
 * @throws ApiError 404 when there is no such asset.
 */
export async function listLatestMetrics(
  tenant: Tenant,
  asset_id: string,
  after: string | null,
  { store }: SeriesDeps,
) {
  const { rows, next } = await store.latestMetrics(tenant, asset_id, after)
  if (rows.length === 0) await assertAsset(tenant, asset_id, store)
  return { rows: rows.map(metricView), next }
}

/**
 * The values of one key, in any spelling, summarized in buckets.
 *
 * @throws ApiError 404 when there is no such asset; 429 when too many summaries wait; what
 *   `confirm` throws.
 */
export async function summarizeMetric(
  tenant: Tenant,
  asset_id: string,
  query: Omit<BucketQuery, 'signal'>,
  { store, charts, signal, confirm }: SummaryDeps,
) {
  const key = canonicalKey(query.key)
  const rows = await charts.run(tenant, signal, async () => {
    await confirm()
    return store.metricBuckets(tenant, asset_id, { ...query, key, signal })
  })
  if (rows.length === 0) await assertAsset(tenant, asset_id, store)
  return { key, buckets: rows.map(bucketView) }
}

/**
 * The events of one asset, or of the whole tenant.
 *
 * @throws ApiError 404 when there is no such asset.
 */
export async function listEvents(
  tenant: Tenant,
  query: EventQuery,
  { store }: SeriesDeps,
): Promise<Page<AssetOccurrence>> {
  const page = await store.events(tenant, query)
  const { asset_id } = query
  if (page.rows.length === 0 && asset_id !== undefined) await assertAsset(tenant, asset_id, store)
  return page
}

/** Called only for an empty page, which may mean a missing asset or one without rows. */
async function assertAsset(tenant: Tenant, asset_id: string, store: TelemetryStore): Promise<void> {
  if ((await store.findAsset(tenant, asset_id)) === null) throw noSuchAsset()
}

function canonicalKey(key: string): string {
  return metricDefinition(key)?.key ?? key
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
