/**
 * A `fetch` that adds the token to requests for the API, and replaces the token when the API
 * refuses it.
 *
 * The token is sent to the listed origins only: a `fetch` that adds it to every request leaks
 * tokens.
 */

import { urlFault } from '../protocol/secure-url.ts'
import { discardBody } from '../transport/bounded-text.ts'
import { type Clock, systemClock } from '../transport/clock.ts'
import type { HeldToken } from './held-token.ts'
import { ConfigError } from './token-error.ts'
import type { TokenSource } from './token-source.ts'

export interface AuthorizedFetchOptions {
  /** URLs of the APIs that may receive the token; scheme, host and port of each count. */
  readonly origins: string | readonly string[]
  readonly fetch?: typeof globalThis.fetch
  readonly clock?: Clock
  readonly allowInsecureRequests?: boolean
}

/** If a token this new is refused, another one would be too: something else is wrong. */
const JUST_MINTED_MS = 5_000

/**
 * Sends requests with the source's token.
 *
 * After a 401 it retries with another token: only once, only when the body can be sent again, and
 * not when the token is new. A 403 is returned as the answer it is. If the second answer is a 401
 * too, it is returned unchanged.
 *
 * @throws ConfigError for another origin; TokenError when there is no token; what `fetch` throws.
 */
export function createAuthorizedFetch(
  source: Pick<TokenSource, 'held' | 'forget'>,
  options: AuthorizedFetchOptions,
): typeof globalThis.fetch {
  const { fetch = (input, init) => globalThis.fetch(input, init), clock = systemClock } = options
  const origins = readOrigins(options)

  async function send(input: FetchInput, init: RequestInit | undefined, token: HeldToken) {
    const headers = new Headers(init?.headers ?? (isRequest(input) ? input.headers : undefined))
    headers.set('authorization', `Bearer ${token.access_token}`)
    return fetch(input, { ...init, headers })
  }

  return async function authorizedFetch(input, init) {
    // 1. May the token go to this origin?
    const url = new URL(isRequest(input) ? input.url : input)
    if (!origins.has(url.origin)) {
      throw new ConfigError(`${url.origin} is not among the origins the token may go to`)
    }
    const signal = init?.signal ?? (isRequest(input) ? input.signal : undefined)
    const wait = signal ? { signal } : {}
    // 2. Send the request with the current token.
    const first = await source.held(wait)
    const justMinted = first.arrivedWithin(JUST_MINTED_MS, clock)
    const response = await send(input, init, first)
    if (response.status !== 401 || justMinted || !canSendAgain(input, init)) return response
    // 3. Refused: discard the token for every caller, and retry once with another.
    source.forget(first.access_token)
    const second = await source.held(wait).finally(() => discardBody(response))
    return send(input, init, second)
  }
}

type FetchInput = Parameters<typeof globalThis.fetch>[0]

function readOrigins(options: AuthorizedFetchOptions): ReadonlySet<string> {
  const urls = [options.origins].flat()
  if (urls.length === 0) throw new ConfigError('origins is empty: name the API')
  for (const url of urls) {
    const fault = urlFault(url, options.allowInsecureRequests)
    if (fault !== null) throw new ConfigError(`origins: ${url} ${fault}`)
  }
  return new Set(urls.map((url) => new URL(url).origin))
}

function isRequest(input: FetchInput): input is Request {
  return typeof input === 'object' && 'headers' in input
}

/** A stream can be sent only once; every other body can be sent again. */
function canSendAgain(input: FetchInput, init: RequestInit | undefined): boolean {
  const body = init?.body ?? (isRequest(input) ? input.body : null)
  if (body === null || body === undefined) return true
  return (
    typeof body === 'string' ||
    body instanceof URLSearchParams ||
    body instanceof FormData ||
    body instanceof Blob ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body)
  )
}
