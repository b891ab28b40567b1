/**
 * Follows revocations over the network: `GET /oauth2/revocations` by long poll.
 *
 * The policy is explicit. While the feed is silent, tokens are judged by what is known, for
 * `failOpenForMs` and no longer; after that every token is refused until the feed answers again. A
 * revocation is never undone, whatever the feed returns later.
 *
 * A feed with more than `maxEntries`, or without end, counts as silent: what does not fit cannot be
 * judged, so the same time limit applies.
 */

import { OAuthError, type RevocationPage } from '../protocol/index.ts'
import { type Clock, elapsedMs, type Moment, momentOf, systemClock } from '../transport/clock.ts'
import { explained } from './explained.ts'
import {
  FeedRefused,
  RevocationFeed,
  type RevocationFeedOptions,
  TokenRefused,
} from './revocation-feed.ts'
import { type RevocableToken, RevocationList, type RevocationSource } from './revocation-list.ts'

export interface RemoteRevocationsOptions extends RevocationFeedOptions {
  /** How long tokens are accepted while the feed is silent. At least 5 seconds. */
  readonly failOpenForMs: number
  /** How many revocations are kept; a feed with more counts as silent. 500,000. */
  readonly maxEntries?: number
  readonly clock?: Clock
  /** From 0 to 1: spreads the retries of a fleet of APIs. */
  readonly random?: () => number
  readonly onEvent?: (event: RevocationsEvent) => void
}

export type RevocationsEvent =
  /** The feed was read to its end; `entries` are kept. */
  | { readonly kind: 'caught_up'; readonly entries: number }
  /** The feed could not be read. `reason` holds no secret. */
  | { readonly kind: 'silent'; readonly reason: string; readonly next_try_in_ms: number }

const MIN_FAIL_OPEN_MS = 5_000
const MAX_ENTRIES = 500_000
/** Read without a pause; the server puts up to a thousand entries on a page. */
const MAX_PAGES = 1_000
const MAX_WAIT_SECONDS = 30
/** For the round trip, on top of the requested wait. */
const GRACE_MS = 5_000
const FIRST_BACKOFF_MS = 500
const MAX_BACKOFF_MS = 30_000
/**
 * Pauses after a poll that returned early: with news more may follow; without, the server does not
 * support waiting.
 */
const REST_AFTER_NEWS_MS = 100
const REST_WITHOUT_NEWS_MS = 1_000
/**
 * The whole feed is read again at this interval: a server restored from a backup may number its
 * entries anew.
 */
const READ_ALL_EVERY_MS = 3_600_000
/** A wall clock that is set back must not revive a token whose revocation was dropped. */
const KEEP_LONGER_SECONDS = 3_600

export class RemoteRevocations implements RevocationSource {
  readonly #options: RemoteRevocationsOptions
  readonly #clock: Clock
  readonly #feed: RevocationFeed
  readonly #list: RevocationList
  readonly #maxEntries: number
  readonly #listeners = new Set<() => void>()
  readonly #waitSeconds: number
  #cursor: string | null = null
  /** When we last knew the whole feed; before that, when we started. */
  #knownAt: Moment
  #readAllAt: Moment
  #failures = 0
  /** Why the feed is silent. */
  #fault: string | null = null
  #closed = false
  /** Ends the poll or pause in progress. */
  #wake: () => void = () => {}
  #isPollingNow = false
  #ready: Promise<void> | null = null

  /** @throws TypeError for an invalid option. */
  constructor(options: RemoteRevocationsOptions) {
    this.#feed = new RevocationFeed(options)
    if (!(options.failOpenForMs >= MIN_FAIL_OPEN_MS)) {
      throw new TypeError(`failOpenForMs must be at least ${MIN_FAIL_OPEN_MS}`)
    }
    this.#maxEntries = options.maxEntries ?? MAX_ENTRIES
    if (!(this.#maxEntries >= 1)) throw new TypeError('maxEntries must be at least 1')
    this.#list = new RevocationList(this.#maxEntries)
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#knownAt = momentOf(this.#clock)
    this.#readAllAt = this.#knownAt
    // An answer without news must arrive well before the silence counts.
    const half = Math.floor(options.failOpenForMs / 2000)
    this.#waitSeconds = Math.min(MAX_WAIT_SECONDS, half)
  }

  /** How many entries are kept. */
  get size(): number {
    return this.#list.size
  }

  /**
   * Starts following. Resolves when the feed was read to its end for the first time; never rejects.
   */
  start(): Promise<void> {
    this.#ready ??= new Promise((resolve) => void this.#follow(resolve))
    return this.#ready
  }

  /** Stops for good; a request in progress is cancelled. */
  close(): void {
    this.#closed = true
    this.#wake()
  }

  onKeyRevoked(listener: () => void): void {
    this.#listeners.add(listener)
  }

  isRevoked(token: RevocableToken): boolean {
    if (elapsedMs(this.#knownAt, this.#clock) > this.#options.failOpenForMs) {
      this.#pollNow()
      throw tooLongSilent(this.#fault)
    }
    return this.#list.isRevoked(token)
  }

  /** After sleep the connection may be dead: polls again, once, instead of waiting for it. */
  #pollNow(): void {
    if (this.#isPollingNow) return
    this.#isPollingNow = true
    this.#wake()
  }

  async #follow(caughtUp: () => void): Promise<void> {
    let refusals = 0
    while (!this.#closed) {
      try {
        await this.#readNews()
        caughtUp()
        refusals = 0
      } catch (error) {
        if (this.#closed) break
        if (error instanceof PollAgain) continue
        // A refused token is replaced at once, but not twice in a row.
        refusals = error instanceof TokenRefused ? refusals + 1 : 0
        if (refusals !== 1) await this.#pauseAfter(error)
      }
    }
    caughtUp()
  }

  /** One poll, and the pages that follow it; pauses briefly when the poll returned early. */
  async #readNews(): Promise<void> {
    const isCurrent = this.#cursor !== null && this.#failures === 0 && !this.#isPollingNow
    const waitSeconds = isCurrent ? this.#waitSeconds : 0
    const begun = momentOf(this.#clock)
    let news = 0
    let pages = 0
    for (let more = true; more && !this.#closed; ) {
      const sentAt = momentOf(this.#clock)
      if (pages === MAX_PAGES) throw new Error(`the feed does not end: ${pages} pages were read`)
      const page = await this.#get(pages++ === 0 ? waitSeconds : 0)
      this.#learn(page)
      // A page may hold nothing we know and still be followed by one that does.
      more = page.more
      if (more && page.cursor === this.#cursor) throw new Error('the feed makes no progress')
      this.#cursor = page.cursor
      news += page.revocations.length
      if (page.revocations.some(({ kind }) => kind === 'key')) this.#notifyKeyRevoked()
      if (!more) this.#caughtUp(sentAt)
    }
    const tookMs = elapsedMs(begun, this.#clock)
    if (waitSeconds > 0 && tookMs < waitSeconds * 500) {
      await this.#rest(news > 0 ? REST_AFTER_NEWS_MS : REST_WITHOUT_NEWS_MS)
    }
  }

  /** Entries that fit take effect, even when not all fit. */
  #learn({ revocations }: RevocationPage): void {
    if (this.#list.size + revocations.length > this.#maxEntries) this.#forget()
    if (this.#list.add(revocations)) return
    throw new Error(`the feed holds more than ${this.#maxEntries} entries: raise maxEntries`)
  }

  #forget(): void {
    this.#list.forget(this.#clock.wallMs() / 1000 - KEEP_LONGER_SECONDS)
  }

  #caughtUp(sentAt: Moment): void {
    // If the machine slept during the poll, the answer is as old as the request.
    const longest = this.#waitSeconds * 1000 + GRACE_MS
    this.#knownAt = elapsedMs(sentAt, this.#clock) <= longest ? momentOf(this.#clock) : sentAt
    this.#failures = 0
    this.#fault = null
    this.#isPollingNow = false
    this.#forget()
    this.#report({ kind: 'caught_up', entries: this.#list.size })
    if (elapsedMs(this.#readAllAt, this.#clock) > READ_ALL_EVERY_MS) this.#readAllAgain()
  }

  #readAllAgain(): void {
    this.#cursor = null
    this.#readAllAt = momentOf(this.#clock)
  }

  #get(waitSeconds: number): Promise<RevocationPage> {
    const cursor = this.#cursor
    return this.#within(waitSeconds * 1000 + GRACE_MS, async (signal) => {
      try {
        return await this.#feed.request({ cursor, waitSeconds, signal })
      } catch (error) {
        // A cursor from before a restored backup: keeps what was read, and reads everything again.
        if (error instanceof FeedRefused && error.status === 400) this.#readAllAgain()
        throw error
      }
    })
  }

  /** Runs `work` with a deadline, which `close` and `#pollNow` may bring forward. */
  async #within<Value>(ms: number, work: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    const controller = new AbortController()
    let cancel = () => {}
    const ended = new Promise<never>((_, reject) => {
      const end = (error: Error) => {
        controller.abort(error)
        reject(error)
      }
      cancel = this.#clock.after(ms, () => end(new Error('no answer in time')))
      this.#wake = () => end(new PollAgain())
    })
    try {
      return await Promise.race([work(controller.signal), ended])
    } finally {
      cancel()
      this.#wake = () => {}
    }
  }

  /** Waits longer each time, with jitter, and never less than `Retry-After`. */
  async #pauseAfter(error: unknown): Promise<void> {
    const { failOpenForMs, random = Math.random } = this.#options
    const longest = Math.min(MAX_BACKOFF_MS, failOpenForMs / 4)
    const backoff = Math.min(longest, FIRST_BACKOFF_MS * 2 ** Math.min(this.#failures++, 20))
    const retryAfterMs = error instanceof FeedRefused ? error.retryAfterMs : 0
    const next_try_in_ms = Math.max(retryAfterMs, backoff) * (1 + random() / 2)
    this.#fault = safeMessageOf(error)
    this.#report({ kind: 'silent', reason: this.#fault, next_try_in_ms })
    await this.#rest(next_try_in_ms)
  }

  /** Only `close` ends it early. */
  async #rest(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(ms, resolve)
      this.#wake = () => {
        if (!this.#closed) return
        cancel()
        resolve()
      }
    })
    this.#wake = () => {}
  }

  #notifyKeyRevoked(): void {
    for (const listener of this.#listeners) listener()
  }

  #report(event: RevocationsEvent): void {
    try {
      this.#options.onEvent?.(event)
    } catch {}
  }
}

/** Cancelled by ourselves, to poll again without waiting. */
class PollAgain extends Error {}

/**
 * Our own messages are fixed; of other errors only the name is reported, since their message may
 * quote anything.
 */
function safeMessageOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed'
  if (error instanceof TokenRefused || error instanceof FeedRefused) return error.message
  return error.constructor === Error ? error.message : error.name
}

/** @param fault for the operator: in the message, but not on the wire. */
function tooLongSilent(fault: string | null): OAuthError {
  const error = new OAuthError(
    'temporarily_unavailable',
    'Whether the token was revoked is temporarily unknown',
    503,
    { kind: 'unavailable', detail: 'revocations' },
  )
  return fault === null ? error : explained(error, new Error(fault))
}
