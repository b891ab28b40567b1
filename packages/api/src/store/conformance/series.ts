/** Positions and metrics: order, pages, periods and newest values. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Measurement, Position } from '../store.ts'
import {
  at,
  fixOf,
  measured,
  measurementOf,
  NOW_MS,
  observationOf,
  pagesOf,
  type StorePromise,
  TENANT,
  TOGETHER,
} from './samples.ts'

const seconds = (rows: readonly { timestamp_ms: number }[]): number[] =>
  rows.map(({ timestamp_ms }) => (timestamp_ms - NOW_MS) / 1000)
const values = (rows: readonly Measurement[]): unknown[] => rows.map(({ value }) => value)

const positioned = (second: number, latitude = second) =>
  observationOf({ timestamp_ms: at(second), position: fixOf({ latitude }) })

export function testPositions(name: string, promise: StorePromise): void {
  describe(`${name}: positions`, TOGETHER, () => {
    promise('are returned as sent, by device time, late ones included', async ({ store }) => {
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
      await store.append([positioned(9), observationOf({ timestamp_ms, position }), positioned(1)])
      await store.append([positioned(3), observationOf({ timestamp_ms: at(4) })])
      const { rows, next } = await store.positions(TENANT, 'truck', { after: null, limit: 10 })
      assert.deepEqual(seconds(rows), [1, 3, 5, 9])
      assert.deepEqual({ ...rows[2] }, full)
      assert.equal(next, null)
    })

    promise('have pages of any size, in both directions, without duplicates', async ({ store }) => {
      // Several have the same time: they are in order of arrival.
      const moments = [0, 1, 1, 1, 2, 3, 3, 4, 5]
      await store.append(moments.map((second, index) => positioned(second, index)))
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
            `${limit} per page`,
          )
        }
      }
    })

    promise('are limited to a period, whose end is exclusive', async ({ store }) => {
      await store.append([0, 1, 2, 3, 4, 5].map((second) => positioned(second)))
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

    promise('with a row key outside the period are those of the period', async ({ store }) => {
      await store.append([0, 1, 2, 3].map((second) => positioned(second)))
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

    promise('may have any time that a device can send', async ({ store }) => {
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

    promise('are not duplicated by a replay, nor stored for a conflict', async ({ store }) => {
      const one = positioned(1)
      await store.append([one, one])
      await store.append([one, { ...positioned(2), request_id: one.request_id }])
      const { rows } = await store.positions(TENANT, 'truck', { after: null, limit: 9 })
      assert.deepEqual(seconds(rows), [1])
    })
  })
}

export function testMetrics(name: string, promise: StorePromise): void {
  const page = { key: 'vehicle.speed', after: null, limit: 100 } as const

  describe(`${name}: metrics`, TOGETHER, () => {
    promise('are returned as sent, whatever the value', async ({ store }) => {
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

    promise("are ordered by device time, then by the device's sequence", async ({ store }) => {
      await store.append([measured(2, 'e', { sequence: 8 }), measured(1, 'b', { sequence: 7 })])
      await store.append([measured(2, 'd', { sequence: 3 }), measured(2, 'c')])
      await store.append([measured(2, 'f', { sequence: 20 }), measured(0, 'a', { sequence: 99 })])
      const expected = ['a', 'b', 'c', 'd', 'e', 'f']
      for (const limit of [1, 2, 5, 6, 7]) {
        for (const newestFirst of [false, true]) {
          const rows = await pagesOf((after) =>
            store.metrics(TENANT, 'truck', { ...page, after, limit, newestFirst }),
          )
          assert.deepEqual(
            values(newestFirst ? rows.reverse() : rows),
            expected,
            `${limit} per page`,
          )
        }
      }
    })

    promise('with a sequence are stored once, however often sent', async ({ store }) => {
      const again = () => [measured(1, 10, { sequence: 5 }), measured(1, 11, { sequence: 6 })]
      await store.append([...again(), ...again()])
      await store.append(again())
      assert.deepEqual(values((await store.metrics(TENANT, 'truck', page)).rows), [10, 11])
    })

    promise('that differ are all stored, even with the same sequence', async ({ store }) => {
      const sequence = 5
      const differences: Partial<Measurement>[] = [
        { value: 50, source: 'obd2' },
        { value: 60, source: 'obd2' },
        { value: 50, source: 'j1939' },
        { value: 50, source: 'obd2', quality: 'estimated' },
        { value: 50, source: 'obd2', unit: 'km/h' },
        { value: '50', source: 'obd2' },
      ]
      const together = differences.map((one) =>
        measurementOf({ ...one, sequence, timestamp_ms: at(0) }),
      )
      await store.append([observationOf({ metrics: together })])
      await store.append([observationOf({ metrics: together, client_id: 'client_2' })])
      await store.append([measured(0, 70, { sequence })])
      const sent = [...together, measurementOf({ sequence, timestamp_ms: at(0), value: 70 })]
      for (const newestFirst of [false, true]) {
        const rows = await pagesOf((after) =>
          store.metrics(TENANT, 'truck', { ...page, after, limit: 2, newestFirst }),
        )
        const texts = (all: readonly Measurement[]) =>
          all
            .map(({ value, unit, source, quality }) =>
              JSON.stringify([value, unit, source, quality]),
            )
            .sort()
        assert.deepEqual(texts(rows), texts(sent))
      }
    })

    promise('of two sensors under one key stay two values when sent again', async ({ store }) => {
      const both = () =>
        observationOf({
          metrics: [50, 60].map((value) =>
            measurementOf({ timestamp_ms: at(0), sequence: 7, value }),
          ),
        })
      await store.append([both()])
      await store.append([both()])
      assert.deepEqual(values((await store.metrics(TENANT, 'truck', page)).rows), [50, 60])
    })

    promise('without a sequence are all stored', async ({ store }) => {
      const metrics = [1, 2].map((value) => measurementOf({ timestamp_ms: at(0), value }))
      await store.append([observationOf({ metrics })])
      await store.append([measured(0, 3)])
      const rows = await pagesOf((after) =>
        store.metrics(TENANT, 'truck', { ...page, after, limit: 1 }),
      )
      assert.deepEqual(values(rows), [1, 2, 3])
    })

    promise('are limited to a period, whose end is exclusive', async ({ store }) => {
      await store.append([0, 1, 2, 3, 4].map((second) => measured(second, second)))
      const period = { from_ms: at(1), to_ms: at(3) }
      for (const newestFirst of [false, true]) {
        const { rows } = await store.metrics(TENANT, 'truck', { ...page, ...period, newestFirst })
        assert.deepEqual(values(rows), newestFirst ? [2, 1] : [1, 2])
      }
    })

    promise('include the newest value of a key that was last sent long ago', async ({ store }) => {
      const DAY_S = 86_400
      await store.append([
        ...[-100, -60, -8, -1].map((day) => measured(day * DAY_S, day, { key: `a.day${-day}` })),
        ...[-90, -61].map((day) => measured(day * DAY_S, day, { key: 'a.day60' })),
        measured(0, 0, { key: 'a.now' }),
      ])
      const { rows } = await store.latestMetrics(TENANT, 'truck', null)
      assert.deepEqual(values(rows), [-1, -100, -60, -8, 0])
    })

    promise('include the newest value of each key', async ({ store }) => {
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
      const { rows: latest } = await store.latestMetrics(TENANT, 'truck', null)
      assert.deepEqual(
        latest.map(({ key, value }) => [key, value]),
        [
          ['a.b', 1],
          ['a.c', 'newest'],
          ['x.own', 1],
        ],
      )
      assert.deepEqual(await store.latestMetrics(TENANT, 'van', null), { rows: [], next: null })
    })
  })
}
