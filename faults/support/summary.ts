/** Summarizes measurements in a few numbers. */

export interface Summary {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Nearest rank: each number is a measured one. */
export function summarize(samples: readonly number[]): Summary {
  const sorted = [...samples].sort((a, b) => a - b)
  const rank = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN
  return { count: sorted.length, p50: rank(0.5), p99: rank(0.99), max: rank(1) }
}
