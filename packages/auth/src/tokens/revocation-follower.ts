/**
 * Follows the store's revocation feed for verifiers in this process, and lets remote followers wait
 * for the next entries.
 */

import { OAuthError, type RevocationPage } from '@modulariot/oauth/protocol'
import {
  type RevocableToken,
  RevocationList,
  type RevocationSource,
} from '@modulariot/oauth/resource-server'
import type { Staleness } from '../store/ports/changes.ts'
import type { RevocationFeed } from '../store/ports/revocations.ts'

export interface RevocationFollowerOptions {
  readonly store: RevocationFeed & Staleness
  /** Unix milliseconds. */
  readonly now: () => number
  /** Called when the feed cannot be read; the read is retried. */
  readonly onError: (error: unknown) => void
}

/**
 * How long tokens count as not revoked while the store is unreachable. After that, requests fail.
 */
export const FAIL_OPEN_FOR_MS = 3_600_000

const PAGE_ENTRIES = 1000
const RETRY_MS = 1000
const FORGET_INTERVAL_MS = 60_000
const MAX_WAITING = 1000

export class RevocationFollower implements RevocationSource {
  readonly #options: RevocationFollowerOptions
  readonly #list = new RevocationList()
  readonly #waiting = new Set<() => void>()
  /** Reads for remote followers that have not started, by cursor. */
  readonly #reads = new Map<string, Promise<RevocationPage>>()
  readonly #forgetting: NodeJS.Timeout
  #retry: NodeJS.Timeout | null = null
  #cursor: string | null = null
  /**
   * Since when entries are known to exist that cannot be read, `performance.now()`; null: all are
   * read.
   */
  #behindSince: number | null = null
  #reading: Promise<void> = Promise.resolve()
  #closed = false

  constructor(options: RevocationFollowerOptions) {
    this.#options = options
    this.#forgetting = setInterval(
      () => this.#list.forget(options.now() / 1000),
      FORGET_INTERVAL_MS,
    ).unref()
  }

  /** How many entries are kept. */
  get size(): number {
    return this.#list.size
  }

  /** How many remote followers wait. */
  get waiting(): number {
    return this.#waiting.size
  }

  isRevoked(token: RevocableToken): boolean {
    if (this.silentForMs() > FAIL_OPEN_FOR_MS) {
      throw new OAuthError('temporarily_unavailable', 'Temporarily unavailable', 503, {
        kind: 'unavailable',
        detail: 'revocations',
      })
    }
    return this.#list.isRevoked(token)
  }

  /** Reads all entries. @throws StoreUnavailable */
  start(): Promise<void> {
    return this.#readNew()
  }

  /** Reads the new entries; never rejects, and retries until it succeeds. */
  async catchUp(): Promise<void> {
    // One after the other: each continues where the previous one stopped.
    this.#reading = this.#reading
      .then(() => this.#readNew())
      .catch((error) => this.#tryAgain(error))
    return this.#reading
  }

  /**
   * Entries after the cursor; if there are none, those that arrive within `waitMs`.
   *
   * @param gone aborted when the follower has disconnected.
   */
  async page(after: string | null, waitMs: number, gone: AbortSignal): Promise<RevocationPage> {
    const until = performance.now() + waitMs
    for (;;) {
      // Before the read, so that an entry that arrives after it ends the wait.
      const news = this.#nextNews(until - performance.now(), gone)
      const page = await this.#readTogether(after).catch((error) => {
        news.cancel()
        throw error
      })
      const over = this.#closed || gone.aborted || performance.now() >= until
      if (page.revocations.length > 0 || over) {
        news.cancel()
        return page
      }
      if (this.#waiting.size > MAX_WAITING) {
        news.cancel()
        throw tooManyWaiting()
      }
      await news.promise
    }
  }

  /** Milliseconds for which a revocation may have been missed. */
  silentForMs(): number {
    const silentMs = this.#options.store.silentForMs()
    // Notification and reading can fail independently.
    if (this.#behindSince === null) return silentMs
    return Math.max(silentMs, performance.now() - this.#behindSince)
  }

  /** Ends all waits. */
  close(): void {
    this.#closed = true
    clearInterval(this.#forgetting)
    if (this.#retry !== null) clearTimeout(this.#retry)
    this.#wake()
  }

  #read(after: string | null): Promise<RevocationPage> {
    const nowSeconds = Math.floor(this.#options.now() / 1000)
    return this.#options.store.readRevocations({ after, limit: PAGE_ENTRIES, nowSeconds })
  }

  /**
   * Followers that start from the same cursor share a read: a thousand that wake together would
   * otherwise keep the store from logins.
   */
  #readTogether(after: string | null): Promise<RevocationPage> {
    const place = after ?? ''
    const soon = this.#reads.get(place)
    if (soon !== undefined) return soon
    const read = new Promise<void>((begin) => setImmediate(begin)).then(() => {
      this.#reads.delete(place)
      return this.#read(after)
    })
    this.#reads.set(place, read)
    return read
  }

  async #readNew(): Promise<void> {
    for (let more = true; more; ) {
      const page = await this.#read(this.#cursor)
      this.#list.add(page.revocations)
      this.#cursor = page.cursor
      more = page.more
    }
    this.#behindSince = null
    this.#wake()
  }

  #tryAgain(error: unknown): void {
    this.#options.onError(error)
    this.#behindSince ??= performance.now()
    if (this.#closed || this.#retry !== null) return
    this.#retry = setTimeout(() => {
      this.#retry = null
      void this.catchUp()
    }, RETRY_MS).unref()
  }

  #nextNews(waitMs: number, gone: AbortSignal) {
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = (): void => {
      this.#waiting.delete(cancel)
      clearTimeout(timer)
      gone.removeEventListener('abort', cancel)
      resolve()
    }
    const timer = setTimeout(cancel, Math.max(0, waitMs))
    gone.addEventListener('abort', cancel)
    this.#waiting.add(cancel)
    return { promise, cancel }
  }

  #wake(): void {
    for (const cancel of [...this.#waiting]) cancel()
  }
}

function tooManyWaiting(): OAuthError {
  return new OAuthError(
    'temporarily_unavailable',
    `${MAX_WAITING} requests are already waiting; retry without wait`,
    429,
    { kind: 'over_bound', bound: 'waiting_followers', retry_after_seconds: 5 },
  )
}
