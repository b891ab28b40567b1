/**
 * Maintenance beside requests: rotates due keys and removes what has expired. Each step is one
 * atomic unit of the store, so several instances may run it at once; one of them then finds nothing
 * left.
 */

import { repeat } from '@modulariot/platform/repeat'
import { DAY_SECONDS } from '../records/activity.ts'
import type { ActivityStore } from '../store/ports/activity.ts'
import type { ExpiryStore } from '../store/ports/expiry.ts'

export interface MaintenanceOptions {
  readonly store: ExpiryStore & Pick<ActivityStore, 'sweepActivity'>
  /** How long refusals and counts are kept. */
  readonly activityRetentionDays: number
  readonly maintainKeys: () => Promise<void>
  /** Whether an account waits for its address to be verified: where mail is set up. */
  readonly verifiesAddresses: boolean
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
/** Of all tenants. Beyond it, those with the most lose their oldest. */
const MAX_REFUSALS = 200_000

/** As long as an invitation. Until then the owner of the address may still verify it. */
const UNVERIFIED_DAYS = 7

/** Starts the rounds; returns a function that stops them. */
export function startMaintenance(options: MaintenanceOptions): () => void {
  const { firstAfterMs = FIRST_AFTER_MS, intervalMs = INTERVAL_MS, onError } = options
  return repeat((stopped) => maintainOnce(options, stopped), { firstAfterMs, intervalMs, onError })
}

/** One round; never rejects. A failure in one task does not stop the others. */
export async function maintainOnce(
  {
    store,
    activityRetentionDays,
    maintainKeys,
    verifiesAddresses,
    now,
    onError,
  }: MaintenanceOptions,
  stopped: () => boolean = () => false,
): Promise<void> {
  async function sweepAll(): Promise<void> {
    const nowSeconds = Math.floor(now() / 1000)
    const before = nowSeconds - activityRetentionDays * DAY_SECONDS
    await untilNone(() => store.sweep(nowSeconds, SWEEP_ROWS))
    await untilNone(() => store.sweepActivity(before, MAX_REFUSALS, SWEEP_ROWS))
    if (!verifiesAddresses) return
    const signedUpBefore = nowSeconds - UNVERIFIED_DAYS * DAY_SECONDS
    await untilNone(() => store.sweepUnverified(signedUpBefore, SWEEP_ROWS))
  }
  async function untilNone(sweep: () => Promise<number>): Promise<void> {
    for (let swept = 1; swept > 0 && !stopped(); ) {
      swept = await sweep()
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
