/**
 * The authorization server's published keys, fetched and cached (RFC 7517, RFC 8414 `jwks_uri`).
 *
 * Two attacks and one failure shape it. Tokens with made-up `kid`s must not cause a fetch each:
 * there is one fetch per cooldown, and no request waits for a second one. A thousand requests that
 * arrive together share one fetch. And while the server is unreachable, known keys stay in use for
 * a bounded time.
 */

import type { CryptoKey } from 'jose'
import { OAuthError } from '../protocol/index.ts'
import { boundedText, discardBody, MAX_DOCUMENT_BYTES } from '../transport/bounded-text.ts'
import { type Clock, elapsedMs, type Moment, momentOf, systemClock } from '../transport/clock.ts'
import { freshSeconds } from '../transport/freshness.ts'
import type { AccessTokenHeader } from './compact-token.ts'
import { explained } from './explained.ts'
import { findVerificationKey, type JsonWebKeySet, parseJsonWebKeySet } from './json-web-key-set.ts'
import type { KeySource } from './key-source.ts'

export interface RemoteJwksOptions {
  readonly jwks_uri: string
  readonly fetch?: typeof globalThis.fetch
  readonly clock?: Clock
  /** When the keys are fetched again in the background, if the server does not say. 10 minutes. */
  readonly freshMs?: number
  /** Bounds on the `Cache-Control: max-age` that is respected. One minute and one hour. */
  readonly minFreshMs?: number
  readonly maxFreshMs?: number
  /** At most one fetch for unknown `kid`s in this time, and after a success or a failure. */
  readonly cooldownMs?: number
  /** How long known keys are used while the server is unreachable. */
  readonly staleIfErrorMs?: number
  readonly timeoutMs?: number
}

/** Without usable keys every request waits, so the next attempt comes sooner. */
const FIRST_LOAD_COOLDOWN_MS = 1000
/**
 * Retries this often right after a key was revoked: the server that answers may not know the
 * successor yet.
 */
const REVOKED_COOLDOWN_MS = 1000

export class RemoteJwks implements KeySource {
  readonly #options: Required<RemoteJwksOptions>
  #set: JsonWebKeySet | null = null
  #imported = new Map<string, Promise<CryptoKey | null>>()
  #loadedAt: Moment | null = null
  #freshMs = 0
  #triedAt: Moment | null = null
  #revokedAt: Moment | null = null
  #flight: Promise<void> | null = null
  /** Why the last fetch failed. */
  #fault: unknown = null
  readonly #listeners = new Set<(error: Error) => void>()

  constructor(options: RemoteJwksOptions) {
    this.#options = {
      fetch: (input, init) => globalThis.fetch(input, init),
      clock: systemClock,
      freshMs: 600_000,
      minFreshMs: 60_000,
      maxFreshMs: 3_600_000,
      cooldownMs: 30_000,
      staleIfErrorMs: 24 * 3_600_000,
      timeoutMs: 5_000,
      ...options,
    }
  }

  async find(header: AccessTokenHeader): Promise<CryptoKey | null> {
    if (this.#isExpired()) {
      await this.check()
    } else if (this.#ageMs() > this.#freshMs) {
      void this.#refresh()
    }
    const known = await this.#lookup(header)
    if (known !== null) return known
    await this.#refresh()
    return this.#lookup(header)
  }

  async check(): Promise<void> {
    if (!this.#isExpired()) return
    await this.#refresh()
    if (this.#isExpired()) throw noKeys(this.#fault)
  }

  onFault(listener: (error: Error) => void): void {
    this.#listeners.add(listener)
  }

  /**
   * Fetches the keys now, regardless of the cooldown: only for news from the authorization server
   * itself.
   */
  reload(): void {
    this.#revokedAt = momentOf(this.#options.clock)
    this.#triedAt = null
    void this.#refresh()
  }

  /** True when there are no keys, or none still usable. */
  #isExpired(): boolean {
    return this.#ageMs() > this.#options.staleIfErrorMs
  }

  /** By whichever clock says longer: after sleep, a machine does not trust what it knew before. */
  #ageMs(): number {
    return this.#since(this.#loadedAt)
  }

  #since(moment: Moment | null): number {
    return moment === null ? Number.POSITIVE_INFINITY : elapsedMs(moment, this.#options.clock)
  }

  /**
   * Imported keys are kept by `kid` and `alg`, and only for pairs that match a published key. They
   * are stored with the set they came from, since a new set may arrive while a key is being
   * imported.
   */
  async #lookup(header: AccessTokenHeader): Promise<CryptoKey | null> {
    const id = `${header.alg} ${header.kid}`
    const imported = this.#imported
    const known = imported.get(id)
    if (known !== undefined) return known
    const key = await findVerificationKey(this.#set ?? { keys: [] }, header)
    if (key !== null) imported.set(id, Promise.resolve(key))
    return key
  }

  /**
   * Settles when the fetch in progress or a new one has ended; at once within the cooldown. Never
   * rejects.
   */
  #refresh(): Promise<void> {
    if (this.#flight !== null) return this.#flight
    if (this.#since(this.#triedAt) < this.#cooldownMs()) return Promise.resolve()
    this.#triedAt = momentOf(this.#options.clock)
    this.#flight = this.#load()
      .catch((fault: unknown) => {
        // The known keys stay in use; find() decides whether they suffice.
        this.#fault = fault
        for (const listener of this.#listeners) listener(noKeys(fault))
      })
      .finally(() => {
        this.#flight = null
      })
    return this.#flight
  }

  #cooldownMs(): number {
    const { cooldownMs } = this.#options
    if (this.#isExpired()) return FIRST_LOAD_COOLDOWN_MS
    const justRevoked = this.#since(this.#revokedAt) < cooldownMs
    return justRevoked ? Math.min(REVOKED_COOLDOWN_MS, cooldownMs) : cooldownMs
  }

  async #load(): Promise<void> {
    const response = await this.#options.fetch(this.#options.jwks_uri, {
      headers: { accept: 'application/jwk-set+json, application/json' },
      redirect: 'manual',
      signal: AbortSignal.timeout(this.#options.timeoutMs),
    })
    if (response.status !== 200) {
      discardBody(response)
      throw new Error(`the JWKS endpoint answered ${response.status}`)
    }
    const set = parseJsonWebKeySet(await boundedText(response, MAX_DOCUMENT_BYTES))
    this.#set = set
    this.#imported = new Map()
    this.#loadedAt = momentOf(this.#options.clock)
    this.#freshMs = this.#freshnessOf(response)
  }

  /** A shorter time would cause constant requests, a longer one would keep a withdrawn key. */
  #freshnessOf({ headers }: Response): number {
    const { freshMs, minFreshMs, maxFreshMs } = this.#options
    const seconds = freshSeconds(headers)
    if (seconds === null) return freshMs
    return Math.min(Math.max(seconds * 1000, minFreshMs), maxFreshMs)
  }
}

/**
 * @param cause for the operator of the API; keys are public, and no token was sent to fetch them.
 */
export function noKeys(cause: unknown): OAuthError {
  const error = new OAuthError(
    'temporarily_unavailable',
    'The keys of the authorization server cannot be fetched right now',
    503,
    { kind: 'unavailable', detail: 'jwks' },
  )
  return explained(error, cause)
}
