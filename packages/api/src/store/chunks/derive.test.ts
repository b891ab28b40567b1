import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Chunk, chunksOf, WEEK_MS, weekStartMs } from './chunk.ts'
import { chunkEnd, chunkSince, chunksWith, oldBeforeMs, rowsToMove } from './derive.ts'
import { compareKeys, type SeriesKey, VALUES } from './series-kinds.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const NOW_MS = Date.UTC(2026, 0, 2, 10, 20)
const KEY = 'vehicle.speed'

const valueAt = (timestamp_ms: number, json: string | null = null) => ({
  ...{ key: KEY, timestamp_ms, sequence: -1, seq: 1, item: 0 },
  ...{ number: json === null ? 1 : null, json, unit: null, source: null, quality: null },
})
const valuesFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => valueAt(NOW_MS + (first + index) * 1000))
const timesOf = (chunks: readonly Chunk[]) =>
  chunks.flatMap(({ data }) => VALUES.decode(data, KEY).map(({ timestamp_ms }) => timestamp_ms))

describe('rows of a series', () => {
  it('are old when their hour has been over for an hour', () => {
    assert.equal(oldBeforeMs(NOW_MS), Date.UTC(2026, 0, 2, 9))
    assert.equal(oldBeforeMs(Date.UTC(2026, 0, 2, 10, 59)), Date.UTC(2026, 0, 2, 9))
    assert.equal(oldBeforeMs(Date.UTC(2026, 0, 2, 11)), Date.UTC(2026, 0, 2, 10))
  })

  it('move when they are many, or have waited for a day; the last one never does', () => {
    const before_ms = oldBeforeMs(NOW_MS)
    assert.equal(rowsToMove(120, before_ms - HOUR_MS, before_ms), 0)
    assert.equal(rowsToMove(121, before_ms - HOUR_MS, before_ms), 120)
    assert.equal(rowsToMove(5, before_ms - DAY_MS, before_ms), 0)
    assert.equal(rowsToMove(5, before_ms - DAY_MS - 1, before_ms), 4)
    assert.equal(rowsToMove(1, 0, before_ms), 0)
    assert.equal(rowsToMove(0, 0, before_ms), 0)
    assert.equal(rowsToMove(1_000_000, 0, before_ms), 1000)
  })
})

describe('a chunk', () => {
  it('ends before the next one, and with its week', () => {
    const first: SeriesKey = [NOW_MS, -1, 4, 2]
    const week: SeriesKey = [weekStartMs(NOW_MS) + WEEK_MS, -1, 0, 0]
    assert.ok(compareKeys(week, chunkEnd(first, null)) > 0)
    assert.ok(compareKeys([week[0] - 1, 5, 5, 5], chunkEnd(first, null)) < 0)
    const next: SeriesKey = [NOW_MS, -1, 4, 3]
    assert.deepEqual(chunkEnd(first, next), next)
    assert.deepEqual(chunkEnd(first, [week[0] + 5, 0, 0, 0]), chunkEnd(first, null))
  })

  it('takes rows between its own, and becomes two when it is full', () => {
    const [old] = chunksOf(VALUES, valuesFrom(0, 500))
    assert.ok(old)
    const late = [valueAt(NOW_MS + 500), valueAt(NOW_MS + 501), valueAt(NOW_MS + 700_000)]
    const chunks = chunksWith(VALUES, KEY, old, late)
    assert.equal(chunks.length, 2)
    const times = timesOf(chunks)
    assert.equal(times.length, 503)
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    )
    assert.equal(chunks[0]?.last_ms, times[499])
    assert.equal(chunks[1]?.timestamp_ms, times[500])
  })

  it('has a bound of texts, and a longer one alone', () => {
    const long = `"${'x'.repeat(40_000)}"`
    const rows = [1, 2, 3].map((second) => valueAt(NOW_MS + second, long))
    assert.equal(chunksOf(VALUES, rows).length, 3)
    const huge = `"${'x'.repeat(200_000)}"`
    const between = [valueAt(NOW_MS), valueAt(NOW_MS + 1, huge), valueAt(NOW_MS + 2)]
    assert.deepEqual(timesOf(chunksOf(VALUES, between)), [NOW_MS, NOW_MS + 1, NOW_MS + 2])
    assert.equal(chunksOf(VALUES, between).length, 3)
  })

  it('loses the rows that have expired, and no others', () => {
    const [chunk] = chunksOf(VALUES, valuesFrom(0, 100))
    assert.ok(chunk)
    const { left, removedRows } = chunkSince(KEY, chunk, NOW_MS + 40_000)
    assert.equal(removedRows, 40)
    assert.equal(left.length, 1)
    assert.equal(timesOf(left)[0], NOW_MS + 40_000)
    // One that goes whole is not decoded.
    assert.deepEqual(chunkSince(KEY, chunk, NOW_MS + DAY_MS), { left: [], removedRows: 1 })
  })
})
