/**
 * The work nobody waits for: keys that are due, and what has expired. Small steps, each one atomic unit of the
 * store, so that instances may do it at the same time and one of them finds nothing left.
 */

import type { AuthStore } from './store/store.ts'

export interface MaintenanceOptions {
  readonly store: Pick<AuthStore, 'sweep'>
  readonly maintainKeys: () => Promise<void>
  /** Unix milliseconds. */
  readonly now: () => number
  readonly onError: (error: unknown) => void
}

const FIRST_AFTER_MS = 2000
const INTERVAL_MS = 60_000
/** Instances that were started together drift apart. */
const JITTER = 0.2
/** Rows removed in one step; other writes go in between. */
const SWEEP_ROWS = 500

/** Starts the work, now and then; returns what stops it. */
export function startMaintenance(options: MaintenanceOptions): () => void {
  let stopped = false
  let timer = setTimeout(run, FIRST_AFTER_MS).unref()
  async function run(): Promise<void> {
    await maintainOnce(options, () => stopped)
    if (stopped) return
    const spread = 1 + JITTER * (Math.random() * 2 - 1)
    timer = setTimeout(run, INTERVAL_MS * spread).unref()
  }
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}

/** One round; never rejects. */
export async function maintainOnce(
  { store, maintainKeys, now, onError }: MaintenanceOptions,
  stopped: () => boolean = () => false,
): Promise<void> {
  try {
    await maintainKeys()
    for (let swept = 1; swept > 0 && !stopped(); ) {
      swept = await store.sweep(Math.floor(now() / 1000), SWEEP_ROWS)
      await new Promise(setImmediate)
    }
  } catch (error) {
    // A store that was closed meanwhile is no news.
    if (!stopped()) onError(error)
  }
}
