/**
 * Who may draw a chart now: it reads all the values of its period, and whoever asks for many at once must not
 * have the store, and on SQLite the process, for themselves.
 */

import { ApiError } from '../api-error.ts'

export interface Charts {
  /**
   * Runs `work` when it is its turn, unless whoever asked has left by then.
   *
   * @throws ApiError 429 when too many wait.
   */
  inTurn<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result>
}

export interface ChartLimits {
  readonly atOnce: number
  readonly waiting: number
}

export const CHART_LIMITS: ChartLimits = { atOnce: 2, waiting: 50 }

export function createCharts({ atOnce, waiting }: ChartLimits = CHART_LIMITS): Charts {
  const queue: (() => void)[] = []
  let running = 0

  async function turn(): Promise<void> {
    if (running < atOnce) {
      running++
      return
    }
    if (queue.length >= waiting) {
      throw new ApiError(429, 'Too many charts', 'Wait for the charts that were asked for before')
    }
    // Whoever ends hands its place on.
    await new Promise<void>((resolve) => queue.push(resolve))
  }

  function done(): void {
    const next = queue.shift()
    if (next === undefined) running--
    else next()
  }

  return {
    async inTurn(work, signal) {
      await turn()
      try {
        signal.throwIfAborted()
        return await work()
      } finally {
        done()
      }
    },
  }
}
