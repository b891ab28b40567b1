/**
 * Follows the reports of a tenant as they are stored.
 *
 * Readers pull: a slow reader queries the store later, so no buffer grows. A reader that lags too
 * far behind skips ahead and gets the number of skipped observations.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Feed, FeedEntry, TelemetryStore, Tenant } from '../store/store.ts'

export interface FollowOptions {
  /** Starts after this cursor. */
  readonly after: number
  /** Ends the iteration. */
  readonly signal: AbortSignal
  readonly store: Pick<TelemetryStore, 'readSince' | 'watch'>
  readonly pace?: Pace
}

export interface Pace {
  /** After this long without new data, yields a `quiet` step and queries the store again. */
  readonly heartbeatMs: number
  /** Delay between a notification and the read, so that one read serves several. */
  readonly gatherMs: number
  /** Maximum lag in observations; a reader further behind skips to this distance. */
  readonly maxBehind: number
}

export const PACE: Pace = { heartbeatMs: 15_000, gatherMs: 100, maxBehind: 10_000 }

/** Its entries are removed once the next step is requested. */
export type FollowStep =
  | { readonly entries: readonly FeedEntry[] }
  | { readonly skipped: number; readonly cursor: number }
  | { readonly quiet: true }

/** Small, since each report may be a mebibyte. */
const PAGE = 16

/** Ends when the signal aborts. @throws what the store throws. */
export async function* follow(
  tenant: Tenant,
  { after, signal, store, pace = PACE }: FollowOptions,
): AsyncGenerator<FollowStep, void> {
  const news = watchFor(tenant, store, signal)
  try {
    let cursor = after
    while (!signal.aborted) {
      news.clear()
      const page = await readPage(tenant, cursor, store)
      if (page.entries.length > 0) yield { entries: page.entries }
      // A suspended generator and its consumer keep references to the last page. Without this, each
      // quiet stream would hold a page of reports in memory.
      page.entries.length = 0
      cursor = page.cursor
      if (page.more) {
        const skipped = (await newestCursor(tenant, store)) - pace.maxBehind - cursor
        if (skipped <= 0) continue
        cursor += skipped
        yield { skipped, cursor }
      } else if (await news.within(pace.heartbeatMs)) {
        await sleep(pace.gatherMs)
      } else if (!signal.aborted) yield { quiet: true }
    }
  } finally {
    news.end()
  }
}

/** A page of the store, with the entries copied to an array that can be emptied. */
async function readPage(
  tenant: Tenant,
  after: number,
  store: FollowOptions['store'],
): Promise<Feed & { readonly entries: FeedEntry[] }> {
  const { entries, cursor, more } = await store.readSince(tenant, after, PAGE)
  return { entries: [...entries], cursor, more }
}

/** The cursor after everything stored so far. */
export async function newestCursor(
  tenant: Tenant,
  store: Pick<TelemetryStore, 'readSince'>,
): Promise<number> {
  return (await store.readSince(tenant, null, 0)).cursor
}

/** Tracks whether something may have been stored since the last `clear`. */
function watchFor(tenant: Tenant, store: FollowOptions['store'], signal: AbortSignal) {
  let hasNews = false
  let wake = (): void => {}
  const end = store.watch((changed) => {
    const ours = changed?.org_id === tenant.org_id && changed.environment === tenant.environment
    if (changed !== null && !ours) return
    hasNews = true
    wake()
  })
  const onAbort = (): void => wake()
  signal.addEventListener('abort', onAbort)
  return {
    clear: () => {
      hasNews = false
    },
    /** Waits for news, for at most `ms` and until the abort. @returns whether there was any. */
    within(ms: number): Promise<boolean> {
      if (hasNews || signal.aborted) return Promise.resolve(hasNews)
      return new Promise((resolve) => {
        const timer = setTimeout(() => wake(), ms)
        wake = () => {
          clearTimeout(timer)
          wake = () => {}
          resolve(hasNews)
        }
      })
    },
    end() {
      end()
      signal.removeEventListener('abort', onAbort)
    },
  }
}
