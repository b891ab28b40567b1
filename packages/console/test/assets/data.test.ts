/** What the pages of assets make of the API's answers. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ageOf, countAges } from '../../src/pages/assets/map/ages.ts'
import { eventsOfStream } from '../../src/pages/assets/readings/events-of-stream.ts'
import { newestOf, observed, withSeen } from '../../src/pages/assets/readings/fleet.ts'
import { bucketFor, localInput, spanOf } from '../../src/pages/assets/readings/period.ts'
import type { PositionRow } from '../../src/pages/assets/readings/queries.ts'
import {
  bucketSeries,
  bucketsOf,
  distanceOf,
  nearestRow,
  speedSeries,
  summaryOf,
  trailOf,
} from '../../src/pages/assets/readings/series.ts'

const NOW = Date.parse('2026-03-14T15:00:00Z')
const MINUTE = 60_000
const iso = (at: number): string => new Date(at).toISOString()

describe('ages', () => {
  it('have four steps; a clock ahead is now', () => {
    assert.equal(ageOf(NOW + MINUTE, NOW), 'now')
    assert.equal(ageOf(NOW - 5 * MINUTE, NOW), 'hour')
    assert.equal(ageOf(NOW - 60 * MINUTE, NOW), 'day')
    assert.equal(ageOf(NOW - 1440 * MINUTE, NOW), 'silent')
    assert.deepEqual(countAges([NOW, NOW, NOW - 61 * MINUTE], NOW), {
      ...{ now: 2, hour: 0 },
      ...{ day: 1, silent: 0 },
    })
  })
})

describe('the newest of an asset', () => {
  const listed = newestOf({
    asset_id: 'A',
    type: 'Truck',
    timestamp: iso(NOW),
    first_received_at: iso(NOW),
    last_received_at: iso(NOW),
    latest: { gps: { latitude: -33, longitude: -70, speed: 5 } },
  })
  const seen = (asset_id: string, at: number, gps?: object) => ({
    ...{ asset_id, timestamp: iso(at), received_at: iso(at) },
    report: gps === undefined ? {} : { gps },
  })

  it('follows the stream, but not into the past', () => {
    const next = observed(listed, seen('A', NOW + 1, { latitude: 1, longitude: 2 }))
    assert.deepEqual(next.position, {
      ...{ latitude: 1, longitude: 2, speed: null, heading: null },
      at: NOW + 1,
    })
    assert.equal(next.type, 'Truck')
    assert.equal(observed(listed, seen('A', NOW - 1, { latitude: 1, longitude: 2 })), listed)
  })

  it('keeps its position when a report has none, with the time it is from', () => {
    const next = observed(listed, seen('A', NOW + 5))
    assert.equal(next.at, NOW + 5)
    assert.equal(next.position?.at, NOW)
  })

  it('adds a new asset at its place, and only where the search finds it', () => {
    const news = new Map([['0B7', seen('0B7', NOW)]])
    assert.deepEqual(
      withSeen([listed], news, 'b').map(({ asset_id }) => asset_id),
      ['0B7', 'A'],
    )
    assert.equal(withSeen([listed], news, 'x').length, 1)
  })
})

describe('server-sent events', () => {
  const read = async (...chunks: string[]) => {
    async function* source() {
      yield* chunks
    }
    return Array.fromAsync(eventsOfStream(source()))
  }

  it('are read however they are cut', async () => {
    const text =
      'retry: 3000\nid: 7\n\nevent: observation\nid: 8\ndata: {"a":\ndata: 1}\n\n: quiet\n\n'
    const expected = [
      { type: 'message', id: '7', data: '' },
      { type: 'observation', id: '8', data: '{"a":\n1}' },
      null,
    ]
    assert.deepEqual(await read(text), expected)
    assert.deepEqual(await read(...text), expected)
    assert.deepEqual(await read(text.replaceAll('\n', '\r\n')), expected)
  })

  it('that are not whole are no events', async () => {
    assert.deepEqual(await read('event: observation\ndata: {}\n'), [])
  })
})

describe('a period', () => {
  it('that moves ends now and keeps its name', () => {
    const span = spanOf({ period: '7d' }, () => NOW)
    assert.equal(span.name, '7d')
    assert.equal(span.resolve().from, '2026-03-07T15:00:00.000Z')
    assert.ok(span.isMoving)
  })

  it('of the address is fixed; one that is wrong is a day', () => {
    const span = spanOf({ from: '2026-03-01T00:00:00Z', to: '2026-03-03T00:00:00Z' }, () => NOW)
    assert.equal(span.resolve().to, '2026-03-03T00:00:00.000Z')
    assert.equal(span.isMoving, false)
    assert.equal(spanOf({ from: '2026-03-03', to: '2026-03-01' }, () => NOW).name, '24h')
    assert.equal(spanOf({ from: 'yesterday', to: 'now' }, () => NOW).name, '24h')
  })

  it('has buckets that a screen can show', () => {
    assert.equal(bucketFor(3_600_000).name, '30s')
    assert.equal(bucketFor(86_400_000).name, '5m')
    assert.equal(bucketFor(30 * 86_400_000).name, '1h')
    assert.equal(bucketFor(366 * 86_400_000).name, '1d')
  })

  it('is entered in the zone of the reader', () => {
    assert.equal(Date.parse(localInput(NOW)), NOW)
  })
})

describe('series', () => {
  const row = (at: number, speed: number | null, latitude = -33, longitude = -70): PositionRow => ({
    ...{ timestamp: iso(at), latitude, longitude, speed },
    ...{ altitude: null, heading: null, accuracy: null, satellites: null },
  })

  it('break where reports are missing', () => {
    const rows = [0, 1, 2, 60, 61].map((minute) => row(NOW + minute * MINUTE, minute))
    const { at, value } = speedSeries(rows, 30_000)
    assert.deepEqual(value, [0, 1, 2, null, 60, 61])
    assert.deepEqual(
      at.toSorted((one, other) => one - other),
      at,
    )
  })

  it('leave out positions without a speed, and a time that repeats', () => {
    const rows = [row(NOW, null), row(NOW + 1, 4), row(NOW + 1, 5)]
    assert.deepEqual(speedSeries(rows, 30_000).value, [4])
  })

  it('of many values are buckets with their range', () => {
    const rows = Array.from({ length: 3000 }, (_, index) => row(NOW + index * 1000, index % 10))
    const { at, value, min, max } = speedSeries(rows, 300_000)
    assert.equal(at.length, 10)
    assert.equal(value[0], 4.5)
    assert.equal(min?.[0], 0)
    assert.equal(max?.[0], 9)
  })

  it('of buckets break where more than one is missing', () => {
    const points = [0, 1, 5].map((minute) => ({ at: NOW + minute * 300_000, value: minute }))
    const { value } = bucketSeries(bucketsOf(points, 300_000), 300_000)
    assert.deepEqual(value, [0, 1, null, 5])
  })

  it('have a summary, or none', () => {
    assert.equal(summaryOf({ at: [], value: [] }), null)
    assert.equal(summaryOf({ at: [1], value: [null] }), null)
    assert.deepEqual(summaryOf({ at: [1, 2, 3], value: [1, null, 3] }), { min: 1, max: 3, mean: 2 })
  })

  it('make a trail in parts, and its length', () => {
    const rows = [0, 1, 2, 120, 121].map((minute) => row(NOW + minute * MINUTE, 1))
    assert.deepEqual(
      trailOf(rows).map((part) => part.length),
      [3, 2],
    )
    const metres = distanceOf([row(NOW, 1, -33.449, -70.669), row(NOW, 1, -36.827, -73.05)])
    assert.ok(Math.abs(metres - 434_000) < 2000, String(metres))
  })

  it('find the position of a time', () => {
    const rows = [0, 10, 20].map((minute) => row(NOW + minute * MINUTE, minute))
    assert.equal(nearestRow(rows, NOW - MINUTE)?.speed, 0)
    assert.equal(nearestRow(rows, NOW + 12 * MINUTE)?.speed, 10)
    assert.equal(nearestRow(rows, NOW + 16 * MINUTE)?.speed, 20)
    assert.equal(nearestRow(rows, NOW + 90 * MINUTE)?.speed, 20)
    assert.equal(nearestRow([], NOW), null)
  })
})
