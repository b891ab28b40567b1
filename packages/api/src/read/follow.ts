/**
 * Following what a tenant's assets report, as it is stored.
 *
 * Nothing is pushed: whoever reads slowly asks the store later, and no buffer grows meanwhile. Who falls too
 * far behind is told how much was passed over.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Feed, FeedEntry, TelemetryStore, Tenant } from '../store/store.ts'

export interface FollowOptions {
  /** The cursor to go on behind. */
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
  /** Who is further behind than this many observations goes on at that distance. */
  readonly maxBehind: number
}

export const PACE: Pace = { heartbeatMs: 15_000, gatherMs: 100, maxBehind: 10_000 }

/** Its entries are gone once the next step is asked for. */
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
      const feed = await store.readSince(tenant, cursor, PAGE)
      if (feed.entries.length > 0) yield { entries: feed.entries }
      letGo(feed)
      cursor = feed.cursor
      if (feed.more) {
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

/** A generator that waits keeps what it last looked at: without this each quiet stream a page of reports. */
function letGo({ entries }: Feed): void {
  ;(entries as FeedEntry[]).length = 0
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
