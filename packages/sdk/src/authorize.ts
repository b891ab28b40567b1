/**
 * A `fetch` that carries the client's token.
 *
 * One token is kept until shortly before its end, and asked for once however many wait for it. A token
 * the API refuses is forgotten, and the request is sent once more with a new one.
 */

import {
  AccessDeniedError,
  ConfigError,
  InvalidClientError,
  NetworkError,
  RateLimitedError,
  requestToken,
  ServerError,
  TokenEndpointError,
} from '@modulariot/oauth/client'

export interface Authorization {
  readonly token_endpoint: string
  readonly client_id: string
  /** A function is asked again for each new token. */
  readonly client_secret: string | (() => string | Promise<string>)
  readonly audience: string
  readonly scope?: string
}

type FetchInput = Parameters<typeof globalThis.fetch>[0]

interface HeldToken {
  readonly text: string
  readonly usableUntilMs: number
}

/** Before its end a token might not survive the way to the API. */
const MARGIN_MS = 5_000

export function authorize(
  authorization: Authorization,
  fetch: typeof globalThis.fetch,
): typeof globalThis.fetch {
  if ('window' in globalThis) {
    throw new ConfigError(
      'A browser cannot keep a client secret: use the SDK on a device or server',
    )
  }
  let held: HeldToken | null = null
  let asking: Promise<HeldToken> | null = null

  async function token(): Promise<HeldToken> {
    if (held !== null && Date.now() < held.usableUntilMs) return held
    asking ??= askForToken(authorization, fetch).finally(() => {
      asking = null
    })
    held = await asking
    return held
  }

  return async (input, init) => {
    const first = await token()
    const response = await send(input, init, first, fetch)
    if (response.status !== 401 || !canReplay(input, init)) return response
    if (held === first) held = null
    const second = await token()
    await response.body?.cancel()
    return send(input, init, second, fetch)
  }
}

async function askForToken(
  { client_secret, ...authorization }: Authorization,
  fetch: typeof globalThis.fetch,
): Promise<HeldToken> {
  const begunMs = Date.now()
  const secret = typeof client_secret === 'function' ? await client_secret() : client_secret
  try {
    const answer = await requestToken({ ...authorization, client_secret: secret }, fetch)
    const lifetimeMs = answer.expires_in > 0 ? answer.expires_in * 1000 : 0
    return { text: answer.access_token, usableUntilMs: begunMs + lifetimeMs - MARGIN_MS }
  } catch (error) {
    throw typedError(error, authorization.token_endpoint)
  }
}

const BY_STATUS = {
  401: InvalidClientError,
  403: AccessDeniedError,
  429: RateLimitedError,
} as const

function typedError(error: unknown, token_endpoint: string): Error {
  if (!(error instanceof TokenEndpointError)) {
    return new NetworkError(`${token_endpoint} cannot be reached`)
  }
  const { status, requestId, message } = error
  const Type =
    BY_STATUS[status as keyof typeof BY_STATUS] ??
    (status >= 400 && status < 500 ? ConfigError : ServerError)
  return new Type(`${error.error}: ${message} (${token_endpoint})`, {
    status,
    error: error.error,
    requestId,
  })
}

function send(
  input: FetchInput,
  init: RequestInit | undefined,
  token: HeldToken,
  fetch: typeof globalThis.fetch,
): Promise<Response> {
  const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : {}))
  headers.set('authorization', `Bearer ${token.text}`)
  return fetch(input, { ...init, headers })
}

/** A stream is gone once it was sent. */
function canReplay(input: FetchInput, init: RequestInit | undefined): boolean {
  return !(init?.body instanceof ReadableStream) && !(input instanceof Request)
}
