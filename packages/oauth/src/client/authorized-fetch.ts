/**
 * A `fetch` that carries the token to the API, and gets another when the API refuses the one it
 * has.
 *
 * The token goes to the named origins only: a `fetch` that puts it on every request is how tokens
 * leak.
 */

import { discardBody } from '../transport/bounded-text.ts'
import { type Clock, systemClock } from '../transport/clock.ts'
import { urlFault } from '../transport/secure-url.ts'
import type { HeldToken } from './held-token.ts'
import { ConfigError } from './token-error.ts'
import type { TokenSource } from './token-source.ts'

export interface AuthorizedFetchOptions {
  /** URLs of the APIs the token may go to; of each, scheme, host and port count. */
  readonly origins: string | readonly string[]
  readonly fetch?: typeof globalThis.fetch
  readonly clock?: Clock
  readonly allowInsecureRequests?: boolean
}

/** A token that is refused at that age would be refused again: something else is wrong. */
const JUST_MINTED_MS = 5_000

/**
 * Sends requests with the source's token.
 *
 * A 401 makes one more try with another token: only once, only where the body can be sent again,
 * and not when the token came just now. A 403 is an answer. The 401 that remains is given back as
 * it came.
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
    // 1. May it go there?
    const url = new URL(isRequest(input) ? input.url : input)
    if (!origins.has(url.origin)) {
      throw new ConfigError(`${url.origin} is not among the origins the token may go to`)
    }
    const signal = init?.signal ?? (isRequest(input) ? input.signal : undefined)
    const wait = signal ? { signal } : {}
    // 2. Send it with what we have.
    const first = await source.held(wait)
    const justMinted = first.arrivedWithin(JUST_MINTED_MS, clock)
    const response = await send(input, init, first)
    if (response.status !== 401 || justMinted || !canSendAgain(input, init)) return response
    // 3. Refused: this token is over, for everybody. Another one, and once more.
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

/** A stream is gone once it was sent; all else can be sent twice. */
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
