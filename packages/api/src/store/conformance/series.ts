/** Positions and metrics: by device time, page by page, put together, newest. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { MAX_BUCKETS, type Measurement, type Position } from '../store.ts'
import {
  fixOf,
  measurementOf,
  NOW_MS,
  observationOf,
  pagesOf,
  type StorePromise,
  TENANT,
  TOGETHER,
} from './samples.ts'

const at = (second: number): number => NOW_MS + second * 1000
const seconds = (rows: readonly { timestamp_ms: number }[]): number[] =>
  rows.map(({ timestamp_ms }) => (timestamp_ms - NOW_MS) / 1000)
const values = (rows: readonly Measurement[]): unknown[] => rows.map(({ value }) => value)

const seen = (second: number, latitude = second) =>
  observationOf({ timestamp_ms: at(second), position: fixOf({ latitude }) })

/** An observation with one value of `speed`. */
const measured = (second: number, value: unknown, change: Partial<Measurement> = {}) =>
  observationOf({
    timestamp_ms: at(second),
    metrics: [measurementOf({ timestamp_ms: at(second), value, ...change })],
  })

export function testPositions(name: string, promise: StorePromise): void {
  describe(`${name}: positions`, TOGETHER, () => {
    promise('come back as they were, by device time, late or not', async ({ store }) => {
      const full: Position = {
        timestamp_ms: at(5),
        latitude: -33.456789012345,
        longitude: 179.99999999,
        altitude: -12.5,
        speed: 0,
        heading: 360,
        accuracy: 3.5,
        satellites: 11,
      }
      const { timestamp_ms, ...position } = full
      await store.append([seen(9), observationOf({ timestamp_ms, position }), seen(1)])
      await store.append([seen(3), observationOf({ timestamp_ms: at(4) })])
      const { rows, next } = await store.positions(TENANT, 'truck', { after: null, limit: 10 })
      assert.deepEqual(seconds(rows), [1, 3, 5, 9])
      assert.deepEqual({ ...rows[2] }, full)
      assert.equal(next, null)
    })

    promise('come in pages of any size, in both directions, none twice', async ({ store }) => {
      // Several at the same moment: the order is that in which they came.
      const moments = [0, 1, 1, 1, 2, 3, 3, 4, 5]
      await store.append(moments.map((second, index) => seen(second, index)))
      for (const newestFirst of [false, true]) {
        const expected = moments.map((_, index) => index)
        if (newestFirst) expected.reverse()
        for (const limit of [1, 2, 3, 8, 9, 10]) {
          const rows = await pagesOf((after) =>
            store.positions(TENANT, 'truck', { after, limit, newestFirst }),
          )
          assert.deepEqual(
            rows.map(({ latitude }) => latitude),
            expected,
            `${limit} a page`,
          )
        }
      }
    })

    promise('are those of a period, its end left out', async ({ store }) => {
      await store.append([0, 1, 2, 3, 4, 5].map((second) => seen(second)))
      const within = async (from?: number, to?: number) => {
        const period = {
          from_ms: from === undefined ? undefined : at(from),
          to_ms: to === undefined ? undefined : at(to),
        }
        const oldest = await pagesOf((after) =>
          store.positions(TENANT, 'truck', { ...period, after, limit: 2 }),
        )
        const newest = await pagesOf((after) =>
          store.positions(TENANT, 'truck', { ...period, after, limit: 2, newestFirst: true }),
        )
        assert.deepEqual(seconds(newest).reverse(), seconds(oldest))
        return seconds(oldest)
      }
      assert.deepEqual(await within(2, 4), [2, 3])
      assert.deepEqual(await within(2), [2, 3, 4, 5])
      assert.deepEqual(await within(undefined, 2), [0, 1])
      assert.deepEqual(await within(), [0, 1, 2, 3, 4, 5])
      assert.deepEqual(await within(4, 4), [])
      assert.deepEqual(await within(6, 9), [])
    })

    promise('of a place outside the period are those of the period', async ({ store }) => {
      await store.append([0, 1, 2, 3].map((second) => seen(second)))
      const query = { from_ms: at(1), to_ms: at(3), limit: 9 }
      const early = await store.positions(TENANT, 'truck', { ...query, after: [at(-9), 1] })
      assert.deepEqual(seconds(early.rows), [1, 2])
      const late = await store.positions(TENANT, 'truck', {
        ...query,
        after: [at(9), 1],
        newestFirst: true,
      })
      assert.deepEqual(seconds(late.rows), [2, 1])
    })

    promise('of any time a device can name are found', async ({ store }) => {
      const times = [-62_135_596_800_000, -1, 0, 253_402_300_799_999]
      await store.append(
        times.map((timestamp_ms) => observationOf({ timestamp_ms, position: fixOf() })),
      )
      for (const newestFirst of [false, true]) {
        const { rows } = await store.positions(TENANT, 'truck', {
          after: null,
          limit: 9,
          newestFirst,
        })
        const found = rows.map(({ timestamp_ms }) => timestamp_ms)
        assert.deepEqual(newestFirst ? found.reverse() : found, times)
      }
    })

    promise('are not doubled by a replay, and not taken from a conflict', async ({ store }) => {
      const one = seen(1)
      await store.append([one, one])
      await store.append([one, { ...seen(2), request_id: one.request_id }])
      const { rows } = await store.positions(TENANT, 'truck', { after: null, limit: 9 })
      assert.deepEqual(seconds(rows), [1])
    })
  })
}

export function testMetrics(name: string, promise: StorePromise): void {
  const page = { key: 'vehicle.speed', after: null, limit: 100 } as const

  describe(`${name}: metrics`, TOGETHER, () => {
    promise('come back as they were, whatever the value', async ({ store }) => {
      const sent = [
        ...[0, -1.5, 1e300, 5e-324, 2 ** 53, true, false, null, '', 'text', '123', 'true', 'null'],
        ...['ünï 漢 😀 \u0000', [], ['P0420', 'C1234'], { a: [1, { b: null }] }],
      ].map((value, index) =>
        measurementOf({ timestamp_ms: at(index), value, sequence: index % 2 ? index : null }),
      )
      const rich = { unit: 'km/h', source: 'obd2', quality: 'estimated' } as const
      const metrics = [...sent, measurementOf({ timestamp_ms: at(99), ...rich })]
      await store.append([observationOf({ metrics })])
      const { rows } = await store.metrics(TENANT, 'truck', page)
      assert.deepEqual(
        rows.map((row) => ({ ...row })),
        metrics,
      )
    })

    promise('are those of one key', async ({ store }) => {
      const keys = ['vehicle.speed', 'vehicle.speed_limit', 'vehicle', 'x.vehicle.speed', '%']
      await store.append([observationOf({ metrics: keys.map((key) => measurementOf({ key })) })])
      for (const key of keys) {
        const { rows } = await store.metrics(TENANT, 'truck', { ...page, key })
        assert.deepEqual(
          rows.map((row) => row.key),
          [key],
        )
      }
      assert.deepEqual((await store.metrics(TENANT, 'truck', { ...page, key: 'v' })).rows, [])
    })

    promise("go by device time, then by the device's sequence", async ({ store }) => {
      await store.append([measured(2, 'e', { sequence: 8 }), measured(1, 'b', { sequence: 7 })])
      await store.append([measured(2, 'd', { sequence: 3 }), measured(2, 'c')])
      await store.append([measured(2, 'f', { sequence: 20 }), measured(0, 'a', { sequence: 99 })])
      const expected = ['a', 'b', 'c', 'd', 'e', 'f']
      for (const limit of [1, 2, 5, 6, 7]) {
        for (const newestFirst of [false, true]) {
          const rows = await pagesOf((after) =>
            store.metrics(TENANT, 'truck', { ...page, after, limit, newestFirst }),
          )
          assert.deepEqual(values(newestFirst ? rows.reverse() : rows), expected, `${limit} a page`)
        }
      }
    })

    promise('that a device numbers are kept once, however often sent', async ({ store }) => {
      const again = () => [measured(1, 10, { sequence: 5 }), measured(1, 11, { sequence: 6 })]
      await store.append([...again(), ...again()])
      await store.append(again())
      assert.deepEqual(values((await store.metrics(TENANT, 'truck', page)).rows), [10, 11])
    })

    promise('that nobody numbers are all kept', async ({ store }) => {
      const metrics = [1, 2].map((value) => measurementOf({ timestamp_ms: at(0), value }))
      await store.append([observationOf({ metrics })])
      await store.append([measured(0, 3)])
      const rows = await pagesOf((after) =>
        store.metrics(TENANT, 'truck', { ...page, after, limit: 1 }),
      )
      assert.deepEqual(values(rows), [1, 2, 3])
    })

    promise('are those of a period, its end left out', async ({ store }) => {
      await store.append([0, 1, 2, 3, 4].map((second) => measured(second, second)))
      const period = { from_ms: at(1), to_ms: at(3) }
      for (const newestFirst of [false, true]) {
        const { rows } = await store.metrics(TENANT, 'truck', { ...page, ...period, newestFirst })
        assert.deepEqual(values(rows), newestFirst ? [2, 1] : [1, 2])
      }
    })

    promise('show the newest of each key', async ({ store }) => {
      const keys = ['a.b', 'a.c', 'x.own']
      await store.append([
        observationOf({ metrics: keys.map((key) => measurementOf({ key, timestamp_ms: at(0) })) }),
        measured(5, 'late', { key: 'a.c' }),
        measured(9, 'newer', { key: 'a.c', sequence: 2 }),
      ])
      await store.append([
        measured(9, 'newest', { key: 'a.c', sequence: 3 }),
        measured(-9, 'old', { key: 'a.b' }),
      ])
      const latest = await store.latestMetrics(TENANT, 'truck')
      assert.deepEqual(
        latest.map(({ key, value }) => [key, value]),
        [
          ['a.b', 1],
          ['a.c', 'newest'],
          ['x.own', 1],
        ],
      )
      assert.deepEqual(await store.latestMetrics(TENANT, 'van'), [])
    })
  })
}

export function testBuckets(name: string, promise: StorePromise): void {
  const minute = { key: 'vehicle.speed', bucketMs: 60_000 }
  /** A full minute. */
  const START_MS = Math.floor(NOW_MS / 60_000) * 60_000
  const from = (second: number, value: unknown, change: Partial<Measurement> = {}) =>
    measured(second - (NOW_MS - START_MS) / 1000, value, change)

  describe(`${name}: metrics put together`, TOGETHER, () => {
    promise('tell of each bucket what a chart needs', async ({ store }) => {
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

    promise('go by the sequence where the time is the same', async ({ store }) => {
      await store.append([from(1, 3, { sequence: 3 }), from(1, 2, { sequence: 12 }), from(1, 9)])
      const query = { ...minute, from_ms: START_MS, to_ms: START_MS + 1 + 1000 }
      const [bucket] = await store.metricBuckets(TENANT, 'truck', query)
      assert.deepEqual([bucket?.first, bucket?.last, bucket?.count], [9, 2, 3])
    })

    promise('count numbers and booleans that hold, and nothing else', async ({ store }) => {
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

    promise('take nothing from outside the period', async ({ store }) => {
      await store.append([10, 20, 30, 40].map((second) => from(second, second)))
      const query = { ...minute, from_ms: START_MS + 20_000, to_ms: START_MS + 40_000 }
      const [bucket] = await store.metricBuckets(TENANT, 'truck', query)
      assert.deepEqual([bucket?.start_ms, bucket?.first, bucket?.last], [START_MS, 20, 30])
    })

    promise('hold before 1970, too', async ({ store }) => {
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

    promise('are many thousand values in few buckets', async ({ store }) => {
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

    promise('are refused where they would be too many or too narrow', async ({ store }) => {
      const wide = { key: 'k', from_ms: 0, to_ms: 1000 * MAX_BUCKETS }
      for (const bucketMs of [999, 0, -1, 0.5, Number.NaN]) {
        await assert.rejects(
          async () => store.metricBuckets(TENANT, 'truck', { ...wide, bucketMs }),
          RangeError,
          String(bucketMs),
        )
      }
      assert.deepEqual(await store.metricBuckets(TENANT, 'truck', { ...wide, bucketMs: 1001 }), [])
    })
  })
}
