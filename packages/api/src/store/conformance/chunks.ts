/** Rows that have moved to chunks: nothing may be lost, doubled or returned in another order. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Measurement, Observation, TelemetryStore } from '../store.ts'
import { LATER_MS } from './derived.ts'
import {
  at,
  fixOf,
  measured,
  measurementOf,
  observationOf,
  pagesOf,
  type StorePromise,
  TENANT,
  TOGETHER,
} from './samples.ts'

const KEY = 'vehicle.speed'

/** Reports by the second, each with a value that is its second. */
function secondsFrom(first: number, count: number): Observation[] {
  return Array.from({ length: count }, (_, index) => measured(first + index, first + index))
}

async function appendAll(store: TelemetryStore, reports: readonly Observation[]): Promise<void> {
  for (let from = 0; from < reports.length; from += 1000) {
    await store.append(reports.slice(from, from + 1000))
  }
}

async function valuesOf(store: TelemetryStore, newestFirst = false): Promise<unknown[]> {
  const rows: Measurement[] = await pagesOf((after) =>
    store.metrics(TENANT, 'truck', { key: KEY, after, limit: 700, newestFirst }),
  )
  return rows.map(({ value }) => value)
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

export function testChunks(name: string, promise: StorePromise): void {
  describe(`${name}: old rows`, TOGETHER, () => {
    promise('of several chunks are read as before, in both directions', async ({ store }) => {
      await appendAll(store, secondsFrom(0, 2500))
      await store.maintain(LATER_MS, null)
      assert.deepEqual(await valuesOf(store), upTo(2500))
      assert.deepEqual(await valuesOf(store, true), upTo(2500).reverse())
      const middle = { key: KEY, from_ms: at(990), to_ms: at(1010), after: null, limit: 100 }
      const { rows } = await store.metrics(TENANT, 'truck', middle)
      assert.deepEqual(
        rows.map(({ value }) => value),
        upTo(1010).slice(990),
      )
    })

    promise('and late ones between them are one series', async ({ store }) => {
      const even = secondsFrom(0, 3000).filter((_, index) => index % 2 === 0)
      const odd = secondsFrom(0, 3000).filter((_, index) => index % 2 === 1)
      await appendAll(store, even)
      await store.maintain(LATER_MS, null)
      await appendAll(store, odd)
      assert.deepEqual(await valuesOf(store), upTo(3000))
      await store.maintain(LATER_MS, null)
      assert.deepEqual(await valuesOf(store), upTo(3000))
      assert.deepEqual(await valuesOf(store, true), upTo(3000).reverse())
    })

    promise('that are older than all others come first', async ({ store }) => {
      await appendAll(store, secondsFrom(1000, 500))
      await store.maintain(LATER_MS, null)
      await appendAll(store, secondsFrom(0, 1000))
      await store.maintain(LATER_MS, null)
      assert.deepEqual(await valuesOf(store), upTo(1500))
    })

    promise('are summarized with young ones', async ({ store }) => {
      await appendAll(store, secondsFrom(0, 1500))
      await store.maintain(LATER_MS, null)
      await appendAll(store, secondsFrom(1500, 500))
      const query = { key: KEY, from_ms: at(100), to_ms: at(1900), bucketMs: 1_000_000 }
      const buckets = await store.metricBuckets(TENANT, 'truck', query)
      assert.equal(
        buckets.reduce((sum, { count }) => sum + count, 0),
        1800,
      )
      assert.equal(buckets[0]?.first, 100)
      assert.equal(buckets.at(-1)?.last, 1899)
      const sum = buckets.reduce((total, { avg, count }) => total + avg * count, 0)
      assert.equal(Math.round(sum), (1800 * (100 + 1899)) / 2)
    })

    promise('of one envelope that is sent again are stored once', async ({ store }) => {
      const envelope = () =>
        observationOf({
          metrics: upTo(200).map((value) =>
            measurementOf({ value: value % 3 === 0 ? `${value}` : value / 10, sequence: 7 }),
          ),
        })
      await store.append([envelope()])
      const before = await valuesOf(store)
      assert.equal(before.length, 200)
      await store.maintain(LATER_MS, null)
      await store.append([envelope()])
      assert.deepEqual(await valuesOf(store), before)
      await store.maintain(LATER_MS, null)
      assert.deepEqual(await valuesOf(store), before)
    })

    promise('keep every member', async ({ store }) => {
      const metrics = [
        measurementOf({ value: 0.1, unit: 'km/h', source: 'can', quality: 'ok' }),
        measurementOf({ value: -0, sequence: 4 }),
        measurementOf({ value: true, quality: 'stale' }),
        measurementOf({ value: ['P0301', { deep: [null] }], source: 'obd2' }),
        measurementOf({ value: 'ñ🚚'.repeat(30_000), unit: '%' }),
        measurementOf({ value: 1e300 }),
      ]
      const position = fixOf({ latitude: -33.456789012345, altitude: -0.5, satellites: 0 })
      await store.append([observationOf({ metrics, position })])
      await store.append([measured(60, 1), observationOf({ timestamp_ms: at(60), position })])
      const read = async () => ({
        metrics: await store.metrics(TENANT, 'truck', { key: KEY, after: null, limit: 100 }),
        positions: await store.positions(TENANT, 'truck', { after: null, limit: 100 }),
      })
      const before = await read()
      assert.equal(before.metrics.rows.length, 7)
      assert.equal(before.positions.rows.length, 2)
      await store.maintain(LATER_MS, null)
      assert.deepEqual(plain(await read()), plain(before))
    })

    promise('in many weeks are read as before', async ({ store }) => {
      const weeks = upTo(5).map((week) => -week * 7 * 86_400)
      const reports = weeks.flatMap((second) =>
        [-1, 0, 1].map((more) => measured(second + more, second + more)),
      )
      await store.append(reports)
      const before = await valuesOf(store)
      assert.equal(before.length, 15)
      await store.maintain(LATER_MS, null)
      assert.deepEqual(await valuesOf(store), before)
      assert.deepEqual(await valuesOf(store, true), before.toReversed())
    })

    promise('that are read while they move are all there', async ({ store }) => {
      await appendAll(store, secondsFrom(0, 3000))
      let moving = true
      const moved = store.maintain(LATER_MS, null).finally(() => {
        moving = false
      })
      do assert.deepEqual(await valuesOf(store), upTo(3000))
      while (moving)
      await moved
    })

    promise('expire with their retention, others of their chunk do not', async ({ store }) => {
      await appendAll(store, secondsFrom(0, 3000))
      await store.maintain(LATER_MS, null)
      const days = 100
      // Within a chunk.
      const now = at(1990) + days * 86_400_000
      await store.maintain(now, days)
      const left = await valuesOf(store)
      // PostgreSQL may keep what has expired for up to a week more.
      assert.ok(left.length >= 1010, `${left.length}`)
      assert.deepEqual(left, upTo(3000).slice(-left.length))
      await store.maintain(now + 15 * 86_400_000, days)
      assert.deepEqual(await valuesOf(store), [])
      assert.equal(await store.findAsset(TENANT, 'truck'), null)
    })

    promise('are erased with their asset', async ({ store }) => {
      await appendAll(store, secondsFrom(0, 1500))
      await store.append([measured(0, 1, {}), { ...measured(1, 2), asset_id: 'other' }])
      await store.maintain(LATER_MS, null)
      await store.eraseAsset(TENANT, 'truck')
      assert.deepEqual(await valuesOf(store), [])
      await store.append([measured(5, 'new')])
      assert.deepEqual(await valuesOf(store), ['new'])
    })
  })
}

/** Without the prototypes that a driver gives its rows. */
const plain = (value: unknown): unknown => structuredClone(value)
