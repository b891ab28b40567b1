/**
 * One question to the revocation feed over the network: where it is, with which token, and the page
 * it answers. When to ask is `remote-revocations.ts`'s business.
 */

import type { RevocationPage } from '../protocol/index.ts'
import { boundedText, discardBody } from '../transport/bounded-text.ts'
import { discoverMetadata } from '../transport/discover.ts'
import { retryAfterSeconds } from '../transport/retry-after.ts'
import { urlFault } from '../transport/secure-url.ts'
import { parseRevocationPage } from './revocation-page.ts'

/** Where tokens for the feed come from (scope `revocations:read`): a `TokenSource` fits. */
export interface FeedTokens {
  token(): Promise<string>
  forget(access_token: string): void
}

export interface RevocationFeedOptions {
  /**
   * Left out, it is found through `issuer`: `modulariot_revocation_feed_uri` of its metadata (RFC
   * 8414).
   */
  readonly feed_uri?: string
  readonly issuer?: string
  /** Or what makes them once the feed's address is known, which is their audience as well. */
  readonly tokens: FeedTokens | ((feed_uri: string) => FeedTokens)
  readonly fetch?: typeof globalThis.fetch
  readonly allowInsecureRequests?: boolean
}

export interface FeedQuestion {
  /** From where on; null for all there is. */
  readonly cursor: string | null
  /** How long the server may wait for news. */
  readonly waitSeconds: number
  readonly signal: AbortSignal
}

/** The token was refused, and is forgotten. */
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

interface Place {
  readonly feed_uri: string
  readonly tokens: FeedTokens
}

/**
 * A thousand entries with the longest ids. What takes 4 MiB holds the event loop for most of a
 * second.
 */
const MAX_PAGE_BYTES = 512 * 1024

export class RevocationFeed {
  readonly #options: RevocationFeedOptions
  readonly #fetch: typeof globalThis.fetch
  #place: Place | null = null

  /** @throws TypeError when something is set wrong. */
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

  /**
   * @throws TokenRefused, FeedRefused, or an Error of any kind; no message of ours holds a secret.
   */
  async ask({ cursor, waitSeconds, signal }: FeedQuestion): Promise<RevocationPage> {
    this.#place ??= await this.#find(signal)
    const { feed_uri, tokens } = this.#place
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
    // It may have moved: where it is now is looked up at the next question.
    if (response.status === 404 || response.status === 410) this.#place = null
    throw new FeedRefused(response)
  }

  async #find(signal: AbortSignal): Promise<Place> {
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
