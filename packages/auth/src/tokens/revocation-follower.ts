/**
 * Follows the store's revocation feed, for whoever verifies tokens in this process, and lets
 * followers elsewhere wait for what comes next.
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
  /** Told when the feed cannot be read; it is tried again. */
  readonly onError: (error: unknown) => void
}

/**
 * So long tokens are taken as not revoked while the store is out of reach; then nobody can know.
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
  /** Reads for followers that have not begun, by the cursor. */
  readonly #reads = new Map<string, Promise<RevocationPage>>()
  readonly #forgetting: NodeJS.Timeout
  #retry: NodeJS.Timeout | null = null
  #cursor: string | null = null
  /**
   * Since when there is something to read that cannot be read, `performance.now()`; null: all is
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

  /** How many entries are remembered. */
  get size(): number {
    return this.#list.size
  }

  /** How many followers wait. */
  get waiting(): number {
    return this.#waiting.size
  }

  isRevoked(token: RevocableToken): boolean {
    if (this.#silentForMs() > FAIL_OPEN_FOR_MS) {
      throw new OAuthError('temporarily_unavailable', 'Temporarily unavailable', 503, {
        kind: 'unavailable',
        detail: 'revocations',
      })
    }
    return this.#list.isRevoked(token)
  }

  /** Reads all there is. @throws StoreUnavailable */
  start(): Promise<void> {
    return this.#readNew()
  }

  /** Reads what has come since; never rejects, and tries again until it could. */
  async catchUp(): Promise<void> {
    // One after the other: each goes on from where the one before has stopped.
    this.#reading = this.#reading
      .then(() => this.#readNew())
      .catch((error) => this.#tryAgain(error))
    return this.#reading
  }

  /**
   * What is behind the cursor; when that is nothing, what comes within `waitMs`.
   *
   * @param gone when whoever asked has left.
   */
  async page(after: string | null, waitMs: number, gone: AbortSignal): Promise<RevocationPage> {
    const until = performance.now() + waitMs
    for (;;) {
      // Before the look: what comes after it must not be slept through.
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

  /** Milliseconds for which something may have been revoked and not heard of. */
  #silentForMs(): number {
    const silentMs = this.#options.store.silentForMs()
    // What tells of news and what reads it may fail apart.
    if (this.#behindSince === null) return silentMs
    return Math.max(silentMs, performance.now() - this.#behindSince)
  }

  /** Answers whoever waits. */
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
   * One read for all who ask from the same place before it begins: a thousand who are woken
   * together would else keep the store from those who log in.
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
