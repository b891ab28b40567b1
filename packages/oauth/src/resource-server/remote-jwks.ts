/**
 * The authorization server's published keys, fetched and kept (RFC 7517, RFC 8414 `jwks_uri`).
 *
 * Two attacks and one accident shape it. Tokens with made-up `kid`s must not make us fetch each time:
 * one fetch a cooldown, and nobody waits for a second. A thousand requests that arrive together share
 * one fetch. And when the server is away, keys already known go on verifying for a bounded time.
 */

import type { CryptoKey } from 'jose'
import { OAuthError } from '../protocol/index.ts'
import { boundedText, discardBody } from '../transport/bounded-text.ts'
import type { AccessTokenHeader } from './compact-token.ts'
import { findVerificationKey, type JsonWebKeySet, parseJsonWebKeySet } from './json-web-key-set.ts'
import type { KeySource } from './key-source.ts'

export interface RemoteJwksOptions {
  readonly jwks_uri: string
  readonly fetch: typeof globalThis.fetch
  /** Milliseconds from any origin, never jumping: `performance.now`. */
  readonly now: () => number
  /** After this age the keys are fetched again in the background. */
  readonly maxAgeMs?: number
  /** At most one fetch for unknown `kid`s in this time, and after a success or a failure. */
  readonly cooldownMs?: number
  /** How long known keys verify while the server cannot be reached. */
  readonly staleIfErrorMs?: number
  readonly timeoutMs?: number
}

const MAX_DOCUMENT_BYTES = 256 * 1024
/** While there are no keys to use every caller waits, so the next try comes sooner. */
const FIRST_LOAD_COOLDOWN_MS = 1000
/** Right after a key was revoked its successor is looked for so often: who answers may not have heard of it yet. */
const REVOKED_COOLDOWN_MS = 1000

export class RemoteJwks implements KeySource {
  readonly #options: Required<RemoteJwksOptions>
  #set: JsonWebKeySet | null = null
  #imported = new Map<string, Promise<CryptoKey | null>>()
  #loadedAt = Number.NEGATIVE_INFINITY
  #triedAt = Number.NEGATIVE_INFINITY
  #revokedAt = Number.NEGATIVE_INFINITY
  #flight: Promise<void> | null = null

  constructor(options: RemoteJwksOptions) {
    this.#options = {
      maxAgeMs: 600_000,
      cooldownMs: 30_000,
      staleIfErrorMs: 24 * 3_600_000,
      timeoutMs: 5_000,
      ...options,
    }
  }

  async find(header: AccessTokenHeader): Promise<CryptoKey | null> {
    if (this.#isOver()) {
      await this.#refresh()
      if (this.#isOver()) throw noKeys()
    } else if (this.#options.now() - this.#loadedAt > this.#options.maxAgeMs) {
      void this.#refresh()
    }
    const known = await this.#lookup(header)
    if (known !== null) return known
    await this.#refresh()
    return this.#lookup(header)
  }

  /** Fetches the keys now, cooldown or not: only for what the authorization server itself has said. */
  reload(): void {
    this.#revokedAt = this.#options.now()
    this.#triedAt = Number.NEGATIVE_INFINITY
    void this.#refresh()
  }

  /** True when there are no keys, or none that may still be used. */
  #isOver(): boolean {
    return this.#options.now() - this.#loadedAt > this.#options.staleIfErrorMs
  }

  /**
   * Imported keys are kept by `kid` and `alg`; only pairs that fit a published key are remembered, and
   * with the set they came from: a new one may arrive while a key is being imported.
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

  /** Settles when a fetch under way or a new one has ended; at once within the cooldown. Never rejects. */
  #refresh(): Promise<void> {
    if (this.#flight !== null) return this.#flight
    if (this.#options.now() - this.#triedAt < this.#cooldownMs()) return Promise.resolve()
    this.#triedAt = this.#options.now()
    this.#flight = this.#load()
      .catch(() => {}) // What is known stays in force; find() decides whether that is enough.
      .finally(() => {
        this.#flight = null
      })
    return this.#flight
  }

  #cooldownMs(): number {
    const { cooldownMs, now } = this.#options
    if (this.#isOver()) return FIRST_LOAD_COOLDOWN_MS
    const justRevoked = now() - this.#revokedAt < cooldownMs
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
      throw new Error(`JWKS answered ${response.status}`)
    }
    const set = parseJsonWebKeySet(await boundedText(response, MAX_DOCUMENT_BYTES))
    this.#set = set
    this.#imported = new Map()
    this.#loadedAt = this.#options.now()
  }
}

export function noKeys(): OAuthError {
  return new OAuthError(
    'temporarily_unavailable',
    'The keys of the authorization server cannot be fetched right now',
    503,
    { kind: 'unavailable', detail: 'jwks' },
  )
}
