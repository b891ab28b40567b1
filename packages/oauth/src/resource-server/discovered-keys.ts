/** The keys of an issuer known only by its URL (RFC 8414). */

import type { CryptoKey } from 'jose'
import { urlFault } from '../protocol/secure-url.ts'
import { type Clock, elapsedMs, type Moment, momentOf } from '../transport/clock.ts'
import { discoverMetadata, NotMetadata } from '../transport/discover.ts'
import type { AccessTokenHeader } from './compact-token.ts'
import type { KeySource } from './key-source.ts'
import { noKeys, RemoteJwks } from './remote-jwks.ts'

export interface DiscoveredKeysOptions {
  readonly issuer: string
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
  readonly allowInsecureRequests?: boolean
  readonly timeoutMs?: number
}

/** Requests wait and have no keys at all, so the next attempt comes soon. */
const COOLDOWN_MS = 1000
/** When the document exists but is wrong, only the operator can help. */
const WRONG_COOLDOWN_MS = 30_000
const TIMEOUT_MS = 5_000

export class DiscoveredKeys implements KeySource {
  readonly #options: DiscoveredKeysOptions
  #keys: RemoteJwks | null = null
  #flight: Promise<RemoteJwks> | null = null
  #triedAt: Moment | null = null
  /** Why the last discovery failed. */
  #fault: unknown = null
  readonly #listeners = new Set<(error: Error) => void>()

  constructor(options: DiscoveredKeysOptions) {
    this.#options = options
  }

  async find(header: AccessTokenHeader): Promise<CryptoKey | null> {
    return this.#withKeys((keys) => keys.find(header))
  }

  async check(): Promise<void> {
    return this.#withKeys((keys) => keys.check())
  }

  onFault(listener: (error: Error) => void): void {
    this.#listeners.add(listener)
  }

  async #withKeys<Result>(work: (keys: RemoteJwks) => Promise<Result>): Promise<Result> {
    const keys = this.#keys ?? (await this.#discover())
    this.#keys = keys
    try {
      return await work(keys)
    } catch (error) {
      // No keys, or none still usable: they may have moved to another address.
      if (this.#keys === keys) {
        this.#keys = null
        this.#fault = error instanceof Error ? error.cause : null
      }
      throw error
    }
  }

  reload(): void {
    this.#keys?.reload()
  }

  /** Runs one discovery at a time, and none within the cooldown of a failed one. */
  #discover(): Promise<RemoteJwks> {
    if (this.#flight !== null) return this.#flight
    const { clock } = this.#options
    const cooldownMs = this.#fault instanceof NotMetadata ? WRONG_COOLDOWN_MS : COOLDOWN_MS
    const isEarly = this.#triedAt !== null && elapsedMs(this.#triedAt, clock) < cooldownMs
    if (isEarly) return Promise.reject(noKeys(this.#fault))
    this.#triedAt = momentOf(clock)
    this.#flight = this.#search()
      .catch((fault: unknown) => {
        this.#fault = fault
        this.#report(noKeys(fault))
        throw noKeys(fault)
      })
      .finally(() => {
        this.#flight = null
      })
    return this.#flight
  }

  async #search(): Promise<RemoteJwks> {
    const { issuer, fetch, clock, allowInsecureRequests, timeoutMs = TIMEOUT_MS } = this.#options
    const signal = AbortSignal.timeout(timeoutMs)
    const { jwks_uri } = await discoverMetadata(issuer, fetch, signal)
    const fault = jwks_uri === null ? 'is missing' : urlFault(jwks_uri, allowInsecureRequests)
    if (fault !== null) throw new NotMetadata(`the jwks_uri of ${issuer} ${fault}`)
    this.#fault = null
    const keys = new RemoteJwks({ jwks_uri: jwks_uri as string, fetch, clock, timeoutMs })
    keys.onFault((error) => this.#report(error))
    return keys
  }

  #report(error: Error): void {
    for (const listener of this.#listeners) listener(error)
  }
}
