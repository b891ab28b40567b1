/** Quantiles of many durations in little memory: a histogram with buckets 5 % apart. */

const RATIO = 1.05
const SMALLEST_MS = 0.05

export interface Latencies {
  add(ms: number): void
  /** In milliseconds, to within 5 %; 0 without durations. */
  quantile(share: number): number
}

export function createLatencies(): Latencies {
  const counts: number[] = []
  let total = 0
  return {
    add(ms) {
      const index = Math.max(0, Math.ceil(Math.log(ms / SMALLEST_MS) / Math.log(RATIO)))
      counts[index] = (counts[index] ?? 0) + 1
      total++
    },
    quantile(share) {
      let left = Math.ceil(total * share)
      for (const [index, count] of counts.entries()) {
        left -= count ?? 0
        if (left <= 0 && total > 0) return SMALLEST_MS * RATIO ** index
      }
      return 0
    },
  }
}
