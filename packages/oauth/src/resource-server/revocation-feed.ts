/**
 * One request to the revocation feed over the network: its address, the token, and the page it
 * returns. `remote-revocations.ts` decides when to send one.
 */

import type { RevocationPage } from '../protocol/index.ts'
import { urlFault } from '../protocol/secure-url.ts'
import { boundedText, discardBody } from '../transport/bounded-text.ts'
import { discoverMetadata } from '../transport/discover.ts'
import { retryAfterSeconds } from '../transport/retry-after.ts'
import { parseRevocationPage } from './revocation-page.ts'

/** Where tokens for the feed come from (scope `revocations:read`); a `TokenSource` fits. */
export interface FeedTokens {
  token(): Promise<string>
  forget(access_token: string): void
}

export interface RevocationFeedOptions {
  /** Default: `modulariot_revocation_feed_uri` from the metadata of `issuer` (RFC 8414). */
  readonly feed_uri?: string
  readonly issuer?: string
  /**
   * Or a function that creates them once the feed's address is known, which is also their audience.
   */
  readonly tokens: FeedTokens | ((feed_uri: string) => FeedTokens)
  readonly fetch?: typeof globalThis.fetch
  readonly allowInsecureRequests?: boolean
}

export interface FeedRequest {
  /** Where to continue; null reads from the start. */
  readonly cursor: string | null
  /** How long the server may wait for news. */
  readonly waitSeconds: number
  readonly signal: AbortSignal
}

/** The token was refused, and has been forgotten. */
export class TokenRefused extends Error {}

export class FeedRefused extends Error {
  readonly status: number
  readonly retryAfterMs: number

  constructor(response: Response) {
    super(`the feed answered ${response.status}`)
    this.status = response.status
    const seconds = retryAfterSeconds(response.headers)
    this.retryAfterMs = Math.min(seconds ?? 0, 300) * 1000
  }
}

interface FeedEndpoint {
  readonly feed_uri: string
  readonly tokens: FeedTokens
}

/**
 * A thousand entries with the longest ids. Parsing 4 MiB would block the event loop for most of a
 * second.
 */
const MAX_PAGE_BYTES = 512 * 1024

export class RevocationFeed {
  readonly #options: RevocationFeedOptions
  readonly #fetch: typeof globalThis.fetch
  #endpoint: FeedEndpoint | null = null

  /** @throws TypeError for an invalid option. */
  constructor(options: RevocationFeedOptions) {
    const { feed_uri, issuer, allowInsecureRequests } = options
    if ((feed_uri === undefined) === (issuer === undefined)) {
      throw new TypeError('set feed_uri or issuer, one of the two')
    }
    for (const [name, url] of Object.entries({ feed_uri, issuer })) {
      const fault = url === undefined ? null : urlFault(url, allowInsecureRequests)
      if (fault !== null) throw new TypeError(`${name} ${fault}`)
    }
    this.#options = options
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init))
  }

  /** @throws TokenRefused, FeedRefused, or any Error; none of our own messages holds a secret. */
  async request({ cursor, waitSeconds, signal }: FeedRequest): Promise<RevocationPage> {
    this.#endpoint ??= await this.#findEndpoint(signal)
    const { feed_uri, tokens } = this.#endpoint
    const url = new URL(feed_uri)
    if (cursor !== null) url.searchParams.set('since', cursor)
    if (waitSeconds > 0) url.searchParams.set('wait', String(waitSeconds))
    const access_token = await tokens.token()
    const headers = { accept: 'application/json', authorization: `Bearer ${access_token}` }
    const response = await this.#fetch(url.href, { headers, redirect: 'manual', signal })
    if (response.status === 200) {
      return parseRevocationPage(await boundedText(response, MAX_PAGE_BYTES))
    }
    discardBody(response)
    if (response.status === 401) {
      tokens.forget(access_token)
      throw new TokenRefused('the feed answered 401')
    }
    // The feed may have moved: the next request looks up its address again.
    if (response.status === 404 || response.status === 410) this.#endpoint = null
    throw new FeedRefused(response)
  }

  async #findEndpoint(signal: AbortSignal): Promise<FeedEndpoint> {
    const { tokens, allowInsecureRequests } = this.#options
    const feed_uri = this.#options.feed_uri ?? (await this.#discover(signal))
    const fault = urlFault(feed_uri, allowInsecureRequests)
    if (fault !== null) throw new Error(`modulariot_revocation_feed_uri ${fault}`)
    return { feed_uri, tokens: typeof tokens === 'function' ? tokens(feed_uri) : tokens }
  }

  async #discover(signal: AbortSignal): Promise<string> {
    const metadata = await discoverMetadata(this.#options.issuer as string, this.#fetch, signal)
    const uri = metadata.modulariot_revocation_feed_uri
    if (uri === null) throw new Error('the metadata of the issuer names no revocation feed')
    return uri
  }
}
