/** Metrics summarized in time buckets, as for a chart. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { MAX_BUCKETS, type Measurement } from '../store.ts'
import {
  measured,
  measurementOf,
  NOW_MS,
  observationOf,
  type StorePromise,
  TENANT,
  TOGETHER,
} from './samples.ts'

export function testBuckets(name: string, promise: StorePromise): void {
  const minute = { key: 'vehicle.speed', bucketMs: 60_000 }
  /** Start of a minute. */
  const START_MS = Math.floor(NOW_MS / 60_000) * 60_000
  const from = (second: number, value: unknown, change: Partial<Measurement> = {}) =>
    measured(second - (NOW_MS - START_MS) / 1000, value, change)

  describe(`${name}: buckets of metrics`, TOGETHER, () => {
    promise('have count, min, max, avg, first and last', async ({ store }) => {
      await store.append([from(59.999, 8), from(1, 2), from(180, 5), from(30, -4)])
      const query = { ...minute, from_ms: START_MS, to_ms: START_MS + 240_000 }
      assert.deepEqual(
        (await store.metricBuckets(TENANT, 'truck', query)).map((bucket) => ({ ...bucket })),
        [
          { start_ms: START_MS, count: 3, min: -4, max: 8, avg: 2, first: 2, last: 8 },
          { start_ms: START_MS + 180_000, count: 1, min: 5, max: 5, avg: 5, first: 5, last: 5 },
        ],
      )
    })

    promise('order values of the same time by sequence', async ({ store }) => {
      await store.append([from(1, 3, { sequence: 3 }), from(1, 2, { sequence: 12 }), from(1, 9)])
      const query = { ...minute, from_ms: START_MS, to_ms: START_MS + 1 + 1000 }
      const [bucket] = await store.metricBuckets(TENANT, 'truck', query)
      assert.deepEqual([bucket?.first, bucket?.last, bucket?.count], [9, 2, 3])
    })

    promise('count only valid numbers and booleans', async ({ store }) => {
      const none = ['text', null, [1], { a: 1 }, '5']
      await store.append([
        ...none.map((value, index) => from(index, value)),
        from(10, true),
        from(11, false),
        from(12, 100, { quality: 'invalid' }),
        from(13, 100, { quality: 'missing' }),
        from(14, 4, { quality: 'stale' }),
      ])
      const query = { ...minute, from_ms: START_MS, to_ms: START_MS + 60_000 }
      const [bucket, ...others] = await store.metricBuckets(TENANT, 'truck', query)
      assert.deepEqual([bucket?.count, bucket?.min, bucket?.max], [3, 0, 4])
      assert.deepEqual(others, [])
    })

    promise('contain only values of the period', async ({ store }) => {
      await store.append([10, 20, 30, 40].map((second) => from(second, second)))
      const query = { ...minute, from_ms: START_MS + 20_000, to_ms: START_MS + 40_000 }
      const [bucket] = await store.metricBuckets(TENANT, 'truck', query)
      assert.deepEqual([bucket?.start_ms, bucket?.first, bucket?.last], [START_MS, 20, 30])
    })

    promise('work before 1970 too', async ({ store }) => {
      const metrics = [-1, -60_000, -60_001].map((timestamp_ms) =>
        measurementOf({ timestamp_ms, value: timestamp_ms }),
      )
      await store.append([observationOf({ metrics })])
      const query = { ...minute, from_ms: -120_000, to_ms: 0 }
      const buckets = await store.metricBuckets(TENANT, 'truck', query)
      assert.deepEqual(
        buckets.map(({ start_ms, count }) => [start_ms, count]),
        [
          [-120_000, 1],
          [-60_000, 2],
        ],
      )
    })

    promise('may contain many thousand values', async ({ store }) => {
      const count = 12_345
      const start_ms = Math.floor(NOW_MS / 100_000) * 100_000
      for (let first = 0; first < count; first += 1000) {
        const metrics = Array.from({ length: Math.min(1000, count - first) }, (_, index) =>
          measurementOf({ timestamp_ms: start_ms + (first + index) * 10, value: first + index }),
        )
        await store.append([observationOf({ metrics })])
      }
      const query = { key: 'vehicle.speed', from_ms: start_ms, to_ms: start_ms + 200_000 }
      const buckets = await store.metricBuckets(TENANT, 'truck', { ...query, bucketMs: 100_000 })
      assert.deepEqual(
        buckets.map((bucket) => [bucket.count, bucket.first, bucket.last, bucket.avg]),
        [
          [10_000, 0, 9999, 4999.5],
          [2345, 10_000, 12_344, 11_172],
        ],
      )
    })

    promise('are refused when too many or too narrow', async ({ store }) => {
      const wide = { key: 'k', from_ms: 0, to_ms: 1000 * MAX_BUCKETS }
      for (const bucketMs of [999, 0, -1, 0.5, Number.NaN]) {
        await assert.rejects(
          async () => store.metricBuckets(TENANT, 'truck', { ...wide, bucketMs }),
          RangeError,
          String(bucketMs),
        )
      }
      // The maximum, and one more that overlaps the period only partially.
      const most = { ...wide, bucketMs: 1000 }
      assert.deepEqual(await store.metricBuckets(TENANT, 'truck', most), [])
      await assert.rejects(
        async () =>
          store.metricBuckets(TENANT, 'truck', { ...most, from_ms: 1, to_ms: most.to_ms + 1 }),
        RangeError,
      )
    })

    promise('have a finite average, however large the numbers are', async ({ store }) => {
      await store.append(
        [1.7e308, 1.7e308, -1.7e308, 0.1].map((value, second) => from(second, value)),
      )
      await store.append([from(60, 0.1), from(61, 0.2)])
      const query = { ...minute, from_ms: START_MS, to_ms: START_MS + 120_000 }
      const averages = (await store.metricBuckets(TENANT, 'truck', query)).map(({ avg }) => avg)
      assert.equal(averages.length, 2)
      assert.ok(Math.abs((averages[0] as number) / 4.25e307 - 1) < 1e-9, String(averages[0]))
      assert.ok(Math.abs((averages[1] as number) - 0.15) < 1e-15, String(averages[1]))
    })
  })
}
