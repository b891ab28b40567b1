/** Background maintenance: deletes expired data and creates upcoming partitions. */

import { repeat } from '@modulariot/platform/repeat'
import type { TelemetryStore } from './store/store.ts'

export interface TelemetryMaintenanceOptions {
  readonly store: Pick<TelemetryStore, 'maintain'>
  /** Default for organizations without their own retention; null: unlimited. */
  readonly retentionDays: number | null
  /** Unix milliseconds. */
  readonly now: () => number
  readonly onError: (error: unknown) => void
}

const EVERY = { firstAfterMs: 2000, intervalMs: 3_600_000 }

/** Runs maintenance about once an hour. @returns a function that stops it. */
export function startTelemetryMaintenance(options: TelemetryMaintenanceOptions): () => void {
  const { store, retentionDays, now, onError } = options
  const round = async (): Promise<void> => void (await store.maintain(now(), retentionDays))
  return repeat(round, { ...EVERY, onError })
}
