/**
 * The work nobody waits for: keys that are due, and what has expired. Small steps, each one atomic
 * unit of the store, so that instances may do it at the same time and one of them finds nothing
 * left.
 */

import { repeat } from '@modulariot/platform/repeat'
import type { ExpiryStore } from '../store/ports/expiry.ts'

export interface MaintenanceOptions {
  readonly store: ExpiryStore
  readonly maintainKeys: () => Promise<void>
  /** Unix milliseconds. */
  readonly now: () => number
  readonly onError: (error: unknown) => void
  /** Milliseconds from the start to the first round, and between rounds. Default: 2 s, 60 s. */
  readonly firstAfterMs?: number
  readonly intervalMs?: number
}

const FIRST_AFTER_MS = 2000
const INTERVAL_MS = 60_000
/** Rows removed in one step; other writes go in between. */
const SWEEP_ROWS = 500

/** Starts the work, now and then; returns what stops it. */
export function startMaintenance(options: MaintenanceOptions): () => void {
  const { firstAfterMs = FIRST_AFTER_MS, intervalMs = INTERVAL_MS, onError } = options
  return repeat((stopped) => maintainOnce(options, stopped), { firstAfterMs, intervalMs, onError })
}

/** One round; never rejects. What fails keeps nothing else from being done. */
export async function maintainOnce(
  { store, maintainKeys, now, onError }: MaintenanceOptions,
  stopped: () => boolean = () => false,
): Promise<void> {
  async function sweepAll(): Promise<void> {
    for (let swept = 1; swept > 0 && !stopped(); ) {
      swept = await store.sweep(Math.floor(now() / 1000), SWEEP_ROWS)
      await new Promise(setImmediate)
    }
  }
  for (const work of [maintainKeys, sweepAll]) {
    try {
      await work()
    } catch (error) {
      // A store that was closed meanwhile is no news.
      if (!stopped()) onError(error)
    }
  }
}
