/**
 * Following what a tenant's assets report, as it is stored.
 *
 * Nothing is pushed: a slow reader queries the store later, and no buffer grows. A reader that
 * falls too far behind skips to a shorter distance, and learns how much it skipped.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Feed, FeedEntry, TelemetryStore, Tenant } from '../store/store.ts'

export interface FollowOptions {
  /** Follow what is stored after this cursor. */
  readonly after: number
  /** Ends it. */
  readonly signal: AbortSignal
  readonly store: Pick<TelemetryStore, 'readSince' | 'watch'>
  readonly pace?: Pace
}

export interface Pace {
  /** After this long without anything new the reader hears of it, and the store is asked again. */
  readonly heartbeatMs: number
  /** How long news gather before they are read. */
  readonly gatherMs: number
  /** A reader further behind than this many observations continues at that distance. */
  readonly maxBehind: number
}

export const PACE: Pace = { heartbeatMs: 15_000, gatherMs: 100, maxBehind: 10_000 }

/** Its entries are gone once the next step is requested. */
export type FollowStep =
  | { readonly entries: readonly FeedEntry[] }
  | { readonly skipped: number; readonly cursor: number }
  | { readonly quiet: true }

/** Few, since each may be a mebibyte. */
const PAGE = 16

/** Ends when the signal says so, and throws what the store throws. */
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
      // A generator that waits keeps what it last looked at, and so does its reader: without this,
      // each quiet stream would hold a page of reports.
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

/** As the store gives it, the entries in an array of our own, which may be emptied. */
async function readPage(
  tenant: Tenant,
  after: number,
  store: FollowOptions['store'],
): Promise<Feed & { readonly entries: FeedEntry[] }> {
  const { entries, cursor, more } = await store.readSince(tenant, after, PAGE)
  return { entries: [...entries], cursor, more }
}

/** Where to begin for whoever wants to hear of what is stored from now on. */
export async function newestCursor(
  tenant: Tenant,
  store: Pick<TelemetryStore, 'readSince'>,
): Promise<number> {
  return (await store.readSince(tenant, null, 0)).cursor
}

/** Remembers whether anything may have been stored since it was last cleared. */
function watchFor(tenant: Tenant, store: FollowOptions['store'], signal: AbortSignal) {
  let heard = false
  let wake = (): void => {}
  const end = store.watch((whose) => {
    const ours = whose?.org_id === tenant.org_id && whose.environment === tenant.environment
    if (whose !== null && !ours) return
    heard = true
    wake()
  })
  const onAbort = (): void => wake()
  signal.addEventListener('abort', onAbort)
  return {
    clear: () => {
      heard = false
    },
    /** Whether there was news, at the latest after so long or at the abort. */
    within(ms: number): Promise<boolean> {
      if (heard || signal.aborted) return Promise.resolve(heard)
      return new Promise((resolve) => {
        const timer = setTimeout(() => wake(), ms)
        wake = () => {
          clearTimeout(timer)
          wake = () => {}
          resolve(heard)
        }
      })
    },
    end() {
      end()
      signal.removeEventListener('abort', onAbort)
    },
  }
}
