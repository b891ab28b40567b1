/** The work nobody waits for: what is too old goes, and what the store needs soon is made. */

import type { TelemetryStore } from './store/store.ts'

export interface TelemetryMaintenanceOptions {
  readonly store: Pick<TelemetryStore, 'maintain'>
  /** For organizations that have no retention of their own; null: for ever. */
  readonly retentionDays: number | null
  /** Unix milliseconds. */
  readonly now: () => number
  readonly onError: (error: unknown) => void
}

const FIRST_AFTER_MS = 2000
const INTERVAL_MS = 3_600_000
/** Instances that were started together drift apart. */
const JITTER = 0.2

/** Starts the work, once an hour or so. @returns what stops it. */
export function startTelemetryMaintenance(options: TelemetryMaintenanceOptions): () => void {
  const { store, retentionDays, now, onError } = options
  let stopped = false
  let timer = setTimeout(run, FIRST_AFTER_MS).unref()
  async function run(): Promise<void> {
    try {
      await store.maintain(now(), retentionDays)
    } catch (error) {
      // A store that was closed meanwhile is no news.
      if (!stopped) onError(error)
    }
    if (stopped) return
    timer = setTimeout(run, INTERVAL_MS * (1 + JITTER * (Math.random() * 2 - 1))).unref()
  }
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}
