/** Counts over time, put together for the width of a chart. Works on numbers alone. */

import type { ActivityStep } from '../api/admin.ts'

/** A bar. */
export interface Step {
  /** Milliseconds. */
  readonly start: number
  readonly tokens: number
  readonly early: number
  readonly refusals: Readonly<Record<string, number>>
}

/**
 * Steps that start within the same hours of the reader's day become one.
 *
 * @param hours 24 or a divisor of it; null leaves each step as it is.
 */
export function stepsOf(steps: readonly ActivityStep[], hours: number | null): Step[] {
  const groups = Map.groupBy(steps, ({ start }) =>
    hours === null ? Date.parse(start) : localStart(Date.parse(start), hours),
  )
  return [...groups].map(([start, members]) => ({
    start,
    tokens: sum(members.map(({ tokens }) => tokens)),
    early: sum(members.map(({ tokens_early }) => tokens_early)),
    refusals: sumByKind(members.map(({ refusals }) => refusals)),
  }))
}

/** Start of the hours of the reader's day that a time is in. */
function localStart(time: number, hours: number): number {
  const date = new Date(time)
  return date.setHours(date.getHours() - (date.getHours() % hours), 0, 0, 0)
}

function sumByKind(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const [kind, count] of all.flatMap((one) => Object.entries(one))) {
    sums[kind] = (sums[kind] ?? 0) + count
  }
  return sums
}

/** Kinds with their totals, the most frequent first. */
export function kindTotals(steps: readonly Step[]): [kind: string, total: number][] {
  const sums = sumByKind(steps.map(({ refusals }) => refusals))
  return Object.entries(sums).sort(([a, one], [b, other]) => other - one || a.localeCompare(b))
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0)
}

/** Heights of stacked bars: each series on top of those before it. */
export function stacked(series: readonly (readonly number[])[]): number[][] {
  const below: number[] = []
  return series.map((values) =>
    values.map((value, index) => {
      below[index] = (below[index] ?? 0) + value
      return below[index]
    }),
  )
}
