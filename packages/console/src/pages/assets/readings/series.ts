/** Makes what the API returns into what charts, tables and the map's trail draw. */

import { type Point, pointOf } from '../map/view.ts'
import type { Bucket, PositionRow } from './queries.ts'

/** Columns of a chart. Null where there is a gap. */
export interface Series {
  /** Unix seconds, ascending. */
  readonly at: readonly number[]
  readonly value: readonly (number | null)[]
  /** Of the buckets; absent where each point is one value. */
  readonly min?: readonly (number | null)[]
  readonly max?: readonly (number | null)[]
}

/** More single values than this are drawn as buckets. */
const MAX_SINGLE = 2000

/** @param bucketMs also what a gap is measured by. */
export function speedSeries(rows: readonly PositionRow[], bucketMs: number): Series {
  const points = rows.flatMap(({ timestamp, speed }) =>
    speed === null ? [] : [{ at: Date.parse(timestamp), value: speed }],
  )
  if (points.length > MAX_SINGLE) return bucketSeries(bucketsOf(points, bucketMs), bucketMs)
  const gap = Math.max(3 * bucketMs, 10 * usualStep(points.map(({ at }) => at)))
  const at: number[] = []
  const value: (number | null)[] = []
  let before: number | null = null
  for (const point of points) {
    if (before !== null && point.at - before > gap) {
      at.push((before + 1000) / 1000)
      value.push(null)
    }
    if (point.at === before) continue
    at.push(point.at / 1000)
    value.push(point.value)
    before = point.at
  }
  return { at, value }
}

interface TimedValue {
  /** Unix milliseconds. */
  readonly at: number
  readonly value: number
}

/** As the API summarizes metrics. @param points in order of time. */
export function bucketsOf(points: readonly TimedValue[], bucketMs: number): readonly Bucket[] {
  const found = new Map<number, { min: number; max: number; sum: number; count: number }>()
  for (const { at, value } of points) {
    const start = Math.floor(at / bucketMs) * bucketMs
    const bucket = found.get(start)
    if (bucket === undefined) {
      found.set(start, { min: value, max: value, sum: value, count: 1 })
      continue
    }
    bucket.min = Math.min(bucket.min, value)
    bucket.max = Math.max(bucket.max, value)
    bucket.sum += value
    bucket.count++
  }
  return Array.from(found, ([start, { min, max, sum, count }]) => {
    return { start: new Date(start).toISOString(), min, max, avg: sum / count }
  })
}

/** Buckets without values are gaps, if more than one is missing. */
export function bucketSeries(buckets: readonly Bucket[], bucketMs: number): Series {
  const at: number[] = []
  const value: (number | null)[] = []
  const min: (number | null)[] = []
  const max: (number | null)[] = []
  let before: number | null = null
  for (const bucket of buckets) {
    const start = Date.parse(bucket.start)
    if (before !== null && start - before > 2 * bucketMs) {
      at.push((before + bucketMs) / 1000)
      for (const column of [value, min, max]) column.push(null)
    }
    at.push(start / 1000)
    value.push(bucket.avg)
    min.push(bucket.min)
    max.push(bucket.max)
    before = start
  }
  return { at, value, min, max }
}

/** The median of the steps between times. */
function usualStep(times: readonly number[]): number {
  const steps = times.slice(1).map((at, index) => at - (times[index] as number))
  return steps.toSorted((one, other) => one - other)[Math.floor(steps.length / 2)] ?? 0
}

export interface Summary {
  readonly min: number
  readonly max: number
  readonly mean: number
}

/** Null without a value. */
export function summaryOf({ value, min = value, max = value }: Series): Summary | null {
  const known = (column: readonly (number | null)[]): number[] =>
    column.filter((one): one is number => one !== null)
  const values = known(value)
  if (values.length === 0) return null
  return {
    min: known(min).reduce((one, other) => Math.min(one, other)),
    max: known(max).reduce((one, other) => Math.max(one, other)),
    mean: values.reduce((sum, one) => sum + one, 0) / values.length,
  }
}

/** A pause of this many usual steps, and of half an hour, begins another part of the trail. */
const PAUSE = { steps: 20, leastMs: 1_800_000 } as const

export function trailOf(rows: readonly PositionRow[]): readonly (readonly Point[])[] {
  const times = rows.map(({ timestamp }) => Date.parse(timestamp))
  const pause = Math.max(PAUSE.leastMs, PAUSE.steps * usualStep(times))
  const parts: Point[][] = []
  for (const [index, { latitude, longitude }] of rows.entries()) {
    const before = times[index - 1] ?? Number.NEGATIVE_INFINITY
    if ((times[index] as number) - before > pause) parts.push([])
    parts.at(-1)?.push(pointOf(latitude, longitude))
  }
  return parts
}

const EARTH_METRES = 6_371_000

/** Along the trail, in metres; pauses count too. */
export function distanceOf(rows: readonly PositionRow[]): number {
  let metres = 0
  for (const [index, row] of rows.entries()) {
    const before = rows[index - 1]
    if (before !== undefined) metres += metresBetween(before, row)
  }
  return metres
}

function metresBetween(one: PositionRow, other: PositionRow): number {
  const radians = (degrees: number): number => (degrees * Math.PI) / 180
  const high = Math.sin(radians(other.latitude - one.latitude) / 2) ** 2
  const wide = Math.sin(radians(other.longitude - one.longitude) / 2) ** 2
  const cos = Math.cos(radians(one.latitude)) * Math.cos(radians(other.latitude))
  return 2 * EARTH_METRES * Math.asin(Math.min(1, Math.sqrt(high + cos * wide)))
}

/** The row whose time is nearest. @param at Unix milliseconds. @param rows in order of time. */
export function nearestRow(rows: readonly PositionRow[], at: number): PositionRow | null {
  let [low, high] = [0, rows.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (Date.parse(rows[middle]?.timestamp ?? '') < at) low = middle + 1
    else high = middle
  }
  const [before, after] = [rows[low - 1], rows[low]]
  if (before === undefined || after === undefined) return after ?? before ?? null
  const away = (row: PositionRow): number => Math.abs(Date.parse(row.timestamp) - at)
  return away(before) < away(after) ? before : after
}
