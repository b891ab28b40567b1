/**
 * Values that cost a query or a system call, read at most once a minute however often the metrics
 * are collected.
 */

import { setTimeout as sleep } from 'node:timers/promises'

export interface RecentOptions {
  /** How long values are used again, and how long a failed read is not repeated. Default: 60 s. */
  readonly maxAgeMs?: number
  /** How long a scrape waits for a read. Default: 2 s. */
  readonly waitMs?: number
  /** Milliseconds. Default: a monotonic clock. */
  readonly now?: () => number
}

const MAX_AGE_MS = 60_000
const WAIT_MS = 2_000

/**
 * Empty when the last read failed or takes too long: no value is better than one that is no longer
 * true. A read that hangs is not started a second time.
 */
export function recent<Value>(
  read: () => Promise<readonly Value[]>,
  options: RecentOptions = {},
): () => Promise<readonly Value[]> {
  const { maxAgeMs = MAX_AGE_MS, waitMs = WAIT_MS, now = () => performance.now() } = options
  let known: readonly Value[] = []
  let readAt = Number.NEGATIVE_INFINITY
  let running: Promise<void> | null = null

  async function refresh(): Promise<void> {
    known = await read().catch(() => [])
    running = null
  }
  return async () => {
    if (running === null && now() - readAt >= maxAgeMs) {
      readAt = now()
      running = refresh()
    }
    if (running !== null) await within(running, waitMs)
    return running === null ? known : []
  }
}

/** Resolves when `work` has, or after `ms`. */
async function within(work: Promise<void>, ms: number): Promise<void> {
  const over = new AbortController()
  const late = sleep(ms, undefined, { signal: over.signal, ref: false }).catch(() => {})
  await Promise.race([work, late])
  over.abort()
}
