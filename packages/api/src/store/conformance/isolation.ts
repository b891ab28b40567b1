/** Attempts to read another tenant's data, with every method and with its row keys. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { RowKey, TelemetryStore, Tenant } from '../store.ts'
import {
  fixOf,
  measurementOf,
  NOW_MS,
  observationOf,
  occurrenceOf,
  type StorePromise,
  TENANT,
  TOGETHER,
} from './samples.ts'

const OTHERS: readonly Tenant[] = [
  { ...TENANT, environment: 'development' },
  { ...TENANT, org_id: 'org_2' },
  { ...TENANT, org_id: 'org_' },
  { ...TENANT, org_id: 'org_1 ' },
]

/** Every kind of data a tenant can have, with `name` in each payload. */
function everything(tenant: Tenant, name: string, count = 3) {
  return Array.from({ length: count }, (_, index) => {
    const timestamp_ms = NOW_MS + index
    return observationOf({
      ...tenant,
      asset_id: 'shared',
      type: name,
      timestamp_ms,
      payload: JSON.stringify({ name, index }),
      position: fixOf({ latitude: name === 'own' ? 1 : 2 }),
      metrics: [measurementOf({ timestamp_ms, value: name })],
      events: [occurrenceOf({ timestamp_ms, payload: JSON.stringify(name) })],
    })
  })
}

/** The results of every query, after these row keys or from the start. */
async function queryAll(store: TelemetryStore, tenant: Tenant, after: readonly RowKey[] | null) {
  const [position, metric, event] = after ?? [null, null, null]
  const page = { limit: 50, from_ms: NOW_MS - 1000, to_ms: NOW_MS + 1000 }
  const key = 'vehicle.speed'
  return {
    asset: await store.findAsset(tenant, 'shared'),
    assets: await store.listAssets(tenant, { after: null, limit: 50 }),
    byType: await store.listAssets(tenant, { after: null, limit: 50, type: 'other' }),
    positions: await store.positions(tenant, 'shared', { ...page, after: position ?? null }),
    metrics: await store.metrics(tenant, 'shared', { ...page, key, after: metric ?? null }),
    latest: await store.latestMetrics(tenant, 'shared', null),
    buckets: await store.metricBuckets(tenant, 'shared', { ...page, key, bucketMs: 1000 }),
    events: await store.events(tenant, { ...page, after: event ?? null }),
    eventsOfAsset: await store.events(tenant, {
      ...page,
      asset_id: 'shared',
      after: event ?? null,
    }),
    feed: await store.readSince(tenant, 0, 50),
  }
}

export function testIsolation(name: string, promise: StorePromise): void {
  describe(`${name}: another's data`, TOGETHER, () => {
    promise('is invisible to every query', async ({ store }) => {
      await store.append(everything(TENANT, 'other'))
      const empty = { rows: [], next: null }
      for (const tenant of OTHERS) {
        assert.deepEqual(await queryAll(store, tenant, null), {
          asset: null,
          assets: empty,
          byType: empty,
          positions: empty,
          metrics: empty,
          latest: { rows: [], next: null },
          buckets: [],
          events: empty,
          eventsOfAsset: empty,
          feed: { entries: [], cursor: 0, more: false },
        })
      }
    })

    promise('is invisible to a tenant with an asset of the same name', async ({ store }) => {
      await store.append(OTHERS.flatMap((tenant) => everything(tenant, 'other', 7)))
      await store.append(everything(TENANT, 'own'))
      const found = await queryAll(store, TENANT, null)
      assert.ok(!JSON.stringify(found).includes('other'))
      assert.equal(found.positions.rows.length, 3)
      assert.ok(found.positions.rows.every(({ latitude }) => latitude === 1))
      assert.equal(found.metrics.rows.length, 3)
      assert.equal(found.events.rows.length, 3)
      assert.equal(found.eventsOfAsset.rows.length, 3)
      assert.equal(found.feed.entries.length, 3)
      assert.equal(found.byType.rows.length, 0)
    })

    promise("is not reachable with another tenant's row key", async ({ store }) => {
      const other = { ...TENANT, org_id: 'org_2' }
      await store.append(everything(other, 'other', 9))
      await store.append(everything(TENANT, 'own'))
      const key = 'vehicle.speed'
      const page = { limit: 1, after: null }
      const keys = [
        (await store.positions(other, 'shared', page)).next,
        (await store.metrics(other, 'shared', { ...page, key })).next,
        (await store.events(other, page)).next,
      ].map((next) => next ?? assert.fail('there is no next page'))
      const found = await queryAll(store, TENANT, keys)
      assert.ok(!JSON.stringify(found).includes('other'))
      assert.ok(found.positions.rows.every(({ latitude }) => latitude === 1))
      assert.equal(found.feed.entries.length, 3)
    })

    promise('is retained independently of the data of other tenants', async ({ store }) => {
      const other = { ...TENANT, org_id: 'org_2' }
      await store.append(everything(other, 'other'))
      await store.append(everything(TENANT, 'own'))
      const before = await queryAll(store, other, null)
      await store.setRetention(TENANT.org_id, 1)
      await store.maintain(NOW_MS + 30 * 86_400_000, null)
      assert.deepEqual(await queryAll(store, other, null), before)
      assert.equal((await queryAll(store, TENANT, null)).asset, null)
    })
  })
}
