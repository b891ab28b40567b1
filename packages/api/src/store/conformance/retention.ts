/** Expired data is deleted, all of it and nothing else. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { TelemetryStore } from '../store.ts'
import {
  allAssets,
  assetIds,
  fixOf,
  measurementOf,
  NOW_MS,
  observationOf,
  occurrenceOf,
  type StorePromise,
  TENANT,
  TOGETHER,
} from './samples.ts'

const DAY_MS = 86_400_000

/** An observation with every kind of part, so many days after NOW_MS. */
function ofDay(day: number, asset_id = 'truck') {
  const timestamp_ms = Math.round(NOW_MS + day * DAY_MS)
  return observationOf({
    asset_id,
    timestamp_ms,
    received_ms: timestamp_ms + 500,
    position: fixOf(),
    metrics: [measurementOf({ timestamp_ms }), measurementOf({ timestamp_ms, key: 'x.own' })],
    events: [occurrenceOf({ timestamp_ms })],
  })
}

/** The days that remain in each list. */
async function daysOf(store: TelemetryStore, asset_id = 'truck') {
  const page = { after: null, limit: 100 }
  const days = (rows: readonly { timestamp_ms: number }[]): number[] =>
    rows.map(({ timestamp_ms }) => (timestamp_ms - NOW_MS) / DAY_MS)
  return {
    positions: days((await store.positions(TENANT, asset_id, page)).rows),
    metrics: days((await store.metrics(TENANT, asset_id, { ...page, key: 'vehicle.speed' })).rows),
    others: days((await store.metrics(TENANT, asset_id, { ...page, key: 'x.own' })).rows),
    events: days((await store.events(TENANT, { ...page, asset_id })).rows),
    feed: days((await store.readSince(TENANT, 0, 100)).entries).sort((a, b) => a - b),
  }
}

const same = (days: number[]) => ({
  positions: days,
  metrics: days,
  others: days,
  events: days,
  feed: days,
})

export function testRetention(name: string, promise: StorePromise): void {
  describe(`${name}: retention`, TOGETHER, () => {
    promise('deletes nothing by default', async ({ store }) => {
      await store.append([ofDay(-20_000), ofDay(0)])
      const report = await store.maintain(NOW_MS + 9999 * DAY_MS, null)
      assert.deepEqual(report, { removedRows: 0, droppedPartitions: 0 })
      assert.deepEqual(await daysOf(store), same([-20_000, 0]))
    })

    promise('deletes by device time, whatever the time of arrival', async ({ store }) => {
      await store.append([ofDay(-100), ofDay(-200), ofDay(0), ofDay(-1000), ofDay(-20)])
      await store.maintain(NOW_MS, 30)
      assert.deepEqual(await daysOf(store), same([-20, 0]))
    })

    promise(
      'uses that of the organization, else the default of the installation',
      async ({ store }) => {
        await store.append([ofDay(-400), ofDay(-100), ofDay(0)])
        assert.equal(await store.findRetention(TENANT.org_id), null)
        await store.setRetention(TENANT.org_id, 200)
        assert.equal(await store.findRetention(TENANT.org_id), 200)
        await store.maintain(NOW_MS, 30)
        assert.deepEqual(await daysOf(store), same([-100, 0]))
        await store.setRetention(TENANT.org_id, 300)
        await store.setRetention(TENANT.org_id, null)
        assert.equal(await store.findRetention(TENANT.org_id), null)
        await store.maintain(NOW_MS, 30)
        assert.deepEqual(await daysOf(store), same([0]))
      },
    )

    promise('deletes an asset with its newest observation', async ({ store }) => {
      await store.append([ofDay(-100, 'old'), ofDay(-100, 'alive'), ofDay(0, 'alive')])
      await store.maintain(NOW_MS, 30)
      assert.deepEqual(assetIds(await allAssets(store)), ['alive'])
      assert.equal(await store.findAsset(TENANT, 'old'), null)
      assert.deepEqual((await store.latestMetrics(TENANT, 'old', null)).rows, [])
      await store.append([ofDay(0, 'old')])
      assert.deepEqual((await daysOf(store, 'old')).positions, [0])
    })

    promise('keeps an asset for as long as one of its events', async ({ store }) => {
      const { asset_id, timestamp_ms, received_ms } = ofDay(-100, 'silent')
      const young = [measurementOf({ timestamp_ms: NOW_MS })]
      const events = [occurrenceOf({ timestamp_ms: NOW_MS })]
      const report = { asset_id, timestamp_ms, received_ms }
      await store.append([observationOf({ ...report, metrics: young, events })])
      await store.maintain(NOW_MS, 30)
      const page = { after: null, limit: 100 }
      const { rows } = await store.events(TENANT, page)
      assert.deepEqual(
        rows.map((row) => row.asset_id),
        ['silent'],
      )
      await store.maintain(NOW_MS + 60 * DAY_MS, 30)
      assert.deepEqual((await store.events(TENANT, page)).rows, [])
      assert.deepEqual((await store.latestMetrics(TENANT, 'silent', null)).rows, [])
    })

    promise('deletes in as many steps as needed', async ({ store }) => {
      const metrics = Array.from({ length: 1500 }, (_, index) =>
        measurementOf({ timestamp_ms: NOW_MS - 100 * DAY_MS + (index % 700) }),
      )
      const rows = Array.from({ length: 700 }, (_, index) => ofDay(-100 + index / 1e6))
      await store.append([...rows, observationOf({ metrics }), ofDay(0)])
      await store.maintain(NOW_MS, 30)
      const { positions, metrics: left, events } = await daysOf(store)
      assert.deepEqual([positions, left, events], [[0], [0], [0]])
      await store.maintain(NOW_MS, 30)
      assert.deepEqual((await daysOf(store)).positions, [0])
    })

    promise('allows writes while it runs', async ({ store }) => {
      await store.append(Array.from({ length: 500 }, (_, index) => ofDay(-100 - index / 1e6)))
      const maintained = store.maintain(NOW_MS, 30)
      const written: string[] = []
      for (let index = 0; index < 20; index++) written.push(...(await store.append([ofDay(0)])))
      await maintained
      assert.deepEqual(written, Array(20).fill('stored'))
      const { positions } = await daysOf(store)
      assert.deepEqual(positions, Array(20).fill(0))
    })

    promise('remembers the requests of retained data', async ({ store }) => {
      const [old, fresh] = [ofDay(-100), ofDay(0)]
      await store.append([old, fresh])
      await store.maintain(NOW_MS, 30)
      assert.deepEqual(await store.append([fresh]), ['replayed'])
    })

    promise('forgets a request by the day on which it was received', async ({ store }) => {
      const late = { ...ofDay(-100), received_ms: NOW_MS }
      const [old, edge] = [ofDay(-100), ofDay(-30.04)]
      await store.append([late, old, edge, ofDay(0)])
      await store.maintain(NOW_MS, 30)
      // All three reports are gone; the day of `edge`, with an hour more, is not over.
      assert.deepEqual(await store.append([late, old, edge]), ['replayed', 'stored', 'replayed'])
      await store.maintain(NOW_MS + 2 * DAY_MS, 30)
      assert.deepEqual(await store.append([late, edge]), ['replayed', 'stored'])
      await store.append([ofDay(32)])
      await store.maintain(NOW_MS + 32 * DAY_MS, 30)
      assert.deepEqual(await store.append([late]), ['stored'])
    })
  })
}
