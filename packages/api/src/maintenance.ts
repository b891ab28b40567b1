/** Maintenance beside requests: removes what is too old and makes what the store needs soon. */

import { repeat } from '@modulariot/platform/repeat'
import type { TelemetryStore } from './store/store.ts'

export interface TelemetryMaintenanceOptions {
  readonly store: Pick<TelemetryStore, 'maintain'>
  /** For organizations that have no retention of their own; null: for ever. */
  readonly retentionDays: number | null
  /** Unix milliseconds. */
  readonly now: () => number
  readonly onError: (error: unknown) => void
}

const EVERY = { firstAfterMs: 2000, intervalMs: 3_600_000 }

/** Starts the work, once an hour or so. @returns what stops it. */
export function startTelemetryMaintenance(options: TelemetryMaintenanceOptions): () => void {
  const { store, retentionDays, now, onError } = options
  const round = async (): Promise<void> => void (await store.maintain(now(), retentionDays))
  return repeat(round, { ...EVERY, onError })
}
