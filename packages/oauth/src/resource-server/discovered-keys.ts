/** The keys of an issuer of whom nothing is known but its URL (RFC 8414). */

import type { CryptoKey } from 'jose'
import { discoverMetadata } from '../transport/discover.ts'
import { urlFault } from '../transport/secure-url.ts'
import type { AccessTokenHeader } from './compact-token.ts'
import type { KeySource } from './key-source.ts'
import { noKeys, RemoteJwks } from './remote-jwks.ts'

export interface DiscoveredKeysOptions {
  readonly issuer: string
  readonly fetch: typeof globalThis.fetch
  /** Milliseconds from any origin, never jumping: `performance.now`. */
  readonly now: () => number
  readonly allowInsecureRequests?: boolean
  readonly timeoutMs?: number
}

/** Whoever waits has nothing else, so the next try comes soon. */
const COOLDOWN_MS = 1000
const TIMEOUT_MS = 5_000

export class DiscoveredKeys implements KeySource {
  readonly #options: DiscoveredKeysOptions
  #keys: RemoteJwks | null = null
  #flight: Promise<RemoteJwks> | null = null
  #triedAt = Number.NEGATIVE_INFINITY

  constructor(options: DiscoveredKeysOptions) {
    this.#options = options
  }

  async find(header: AccessTokenHeader): Promise<CryptoKey | null> {
    this.#keys ??= await this.#discover()
    return this.#keys.find(header)
  }

  reload(): void {
    this.#keys?.reload()
  }

  /** One search at a time, and none within the cooldown of one that failed. */
  #discover(): Promise<RemoteJwks> {
    if (this.#flight !== null) return this.#flight
    if (this.#options.now() - this.#triedAt < COOLDOWN_MS) return Promise.reject(noKeys())
    this.#triedAt = this.#options.now()
    this.#flight = this.#search()
      .catch(() => {
        throw noKeys()
      })
      .finally(() => {
        this.#flight = null
      })
    return this.#flight
  }

  async #search(): Promise<RemoteJwks> {
    const { issuer, fetch, now, allowInsecureRequests, timeoutMs = TIMEOUT_MS } = this.#options
    const signal = AbortSignal.timeout(timeoutMs)
    const { jwks_uri } = await discoverMetadata(issuer, fetch, signal)
    const fault = jwks_uri === null ? 'is missing' : urlFault(jwks_uri, allowInsecureRequests)
    if (fault !== null) throw new Error(`jwks_uri ${fault}`)
    return new RemoteJwks({ jwks_uri: jwks_uri as string, fetch, now, timeoutMs })
  }
}
