/** Samples for store tests, and helpers to read assets and pages. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type {
  StorePromise as AnyStorePromise,
  Stores as AnyStores,
} from '@modulariot/platform/testing/store-promises'
import type {
  Asset,
  Fix,
  Measurement,
  Observation,
  Occurrence,
  Page,
  RowKey,
  TelemetryStore,
  Tenant,
} from '../store.ts'

export { TOGETHER } from '@modulariot/platform/testing/store-promises'

export type StorePromise = AnyStorePromise<TelemetryStore>
export type Stores = AnyStores<TelemetryStore>

export const TENANT: Tenant = { org_id: 'org_1', environment: 'production' }
/** 2026-01-02T03:04:05Z */
export const NOW_MS = 1_767_323_045_000

/** An observation with a new request id, unless `change` sets one. */
export function observationOf(change: Partial<Observation> = {}): Observation {
  const request_id = change.request_id ?? `request-${++requests}`
  const payload = change.payload ?? JSON.stringify({ request_id })
  return {
    ...TENANT,
    client_id: 'client_1',
    request_id,
    item: 0,
    body_digest: createHash('sha256').update(payload).digest(),
    asset_id: 'truck',
    type: null,
    timestamp_ms: NOW_MS,
    received_ms: NOW_MS + 500,
    payload,
    position: null,
    metrics: [],
    events: [],
    ...change,
  }
}

let requests = 0

export function fixOf(change: Partial<Fix> = {}): Fix {
  const unknown = { altitude: null, speed: null, heading: null, accuracy: null, satellites: null }
  return { latitude: 1, longitude: 2, ...unknown, ...change }
}

export function measurementOf(change: Partial<Measurement> = {}): Measurement {
  const unknown = { sequence: null, unit: null, source: null, quality: null }
  return { key: 'vehicle.speed', timestamp_ms: NOW_MS, value: 1, ...unknown, ...change }
}

export function occurrenceOf(change: Partial<Occurrence> = {}): Occurrence {
  return { event_type: 'stop', timestamp_ms: NOW_MS, severity: null, payload: '{}', ...change }
}

/** Unix milliseconds, so many seconds after NOW_MS. */
export const at = (second: number): number => NOW_MS + second * 1000

/** An observation with one value of `vehicle.speed`, both at this second after NOW_MS. */
export function measured(
  second: number,
  value: unknown,
  change: Partial<Measurement> = {},
): Observation {
  const timestamp_ms = at(second)
  return observationOf({
    timestamp_ms,
    metrics: [measurementOf({ timestamp_ms, value, ...change })],
  })
}

/** The rows of all pages. */
export async function pagesOf<Row>(
  read: (after: RowKey | null) => Promise<Page<Row>>,
): Promise<Row[]> {
  const rows: Row[] = []
  let after: RowKey | null = null
  for (let pages = 0; pages < 1000; pages++) {
    const page: Page<Row> = await read(after)
    rows.push(...page.rows)
    after = page.next
    if (after === null) return rows
  }
  assert.fail('the pages do not end')
}

/** All assets of the tenant, read page by page. */
export async function allAssets(
  store: TelemetryStore,
  limit = 100,
  tenant = TENANT,
): Promise<Asset[]> {
  const assets: Asset[] = []
  let after: string | null = null
  do {
    const page = await store.listAssets(tenant, { after, limit })
    assert.ok(page.rows.length <= limit)
    assert.ok(page.rows.length > 0 || after === null, 'only the first page may be empty')
    assets.push(...page.rows)
    assert.ok(assets.length < 5000, 'the pages do not end')
    after = page.next
  } while (after !== null)
  return assets
}

export const assetIds = (assets: readonly Asset[]): string[] =>
  assets.map(({ asset_id }) => asset_id)

export async function assetOf(store: TelemetryStore, asset_id = 'truck'): Promise<Asset> {
  return (await store.findAsset(TENANT, asset_id)) ?? assert.fail(`${asset_id} is missing`)
}
