/**
 * Maintenance beside requests: rotates due keys and removes what has expired. Each step is one
 * atomic unit of the store, so several instances may run it at once; one of them then finds nothing
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
/** Rows removed in one step; other writes run between steps. */
const SWEEP_ROWS = 500

/** Starts the rounds; returns a function that stops them. */
export function startMaintenance(options: MaintenanceOptions): () => void {
  const { firstAfterMs = FIRST_AFTER_MS, intervalMs = INTERVAL_MS, onError } = options
  return repeat((stopped) => maintainOnce(options, stopped), { firstAfterMs, intervalMs, onError })
}

/** One round; never rejects. A failure in one task does not stop the others. */
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
      // Errors of a store that was closed during the round are expected.
      if (!stopped()) onError(error)
    }
  }
}
