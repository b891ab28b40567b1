/**
 * Sends one client-credentials request (RFC 6749 §4.4) and reads the answer. No caching, no
 * retries.
 */

import type { TokenResponse } from '../protocol/index.ts'
import { urlFault } from '../protocol/secure-url.ts'
import { BodyTooLong, boundedText, discardBody } from '../transport/bounded-text.ts'
import { retryAfterSeconds } from '../transport/retry-after.ts'
import { plainText } from './plain-text.ts'
import { ConfigError } from './token-error.ts'

export interface TokenRequestOptions {
  readonly token_endpoint: string
  readonly client_id: string
  readonly client_secret: string
  readonly audience: string
  readonly scope?: string
  /** Allows plain `http:` to other machines, where something else protects the connection. */
  readonly allowInsecureRequests?: boolean
}

/** The token endpoint answered with something other than a token (RFC 6749 §5.2). */
export class TokenEndpointError extends Error {
  override readonly name = 'TokenEndpointError'
  readonly status: number
  readonly error: string
  readonly requestId: string | null
  readonly retryAfterSeconds: number | null

  constructor(
    status: number,
    error: string,
    description: string,
    requestId: string | null,
    retryAfterSeconds: number | null = null,
  ) {
    super(description)
    this.status = status
    this.error = error
    this.requestId = requestId
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** The unparsed members of the answer: only `access_token` and `token_type` are checked. */
export interface TokenAnswer {
  readonly access_token: string
  readonly expires_in?: unknown
  readonly refresh_in?: unknown
  readonly scope?: unknown
}

export interface SendOptions {
  readonly fetch: typeof globalThis.fetch
  readonly signal: AbortSignal
  /**
   * Called with the server's clock (Unix milliseconds, whole seconds) when the answer has a `Date`.
   */
  readonly onDate?: (serverMs: number) => void
}

/** For one exchange as a whole, unless the caller sets another. */
export const EXCHANGE_TIMEOUT_MS = 10_000

const MAX_ANSWER_BYTES = 64 * 1024
/** The characters allowed in an `Authorization` header (b64token, RFC 6750 §2.1). */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/

/**
 * Requests a token.
 *
 * @throws ConfigError before anything is sent, when the secret may not go to `token_endpoint`;
 *   TokenEndpointError when the server refuses or answers with anything but a token, its text
 *   without the secret; whatever `fetch` throws when the network fails.
 */
export async function requestToken(
  options: TokenRequestOptions,
  fetch: typeof globalThis.fetch,
): Promise<TokenResponse> {
  const fault = urlFault(options.token_endpoint, options.allowInsecureRequests)
  if (fault !== null) throw new ConfigError(`token_endpoint ${fault}`)
  const parameters = {
    grant_type: 'client_credentials',
    client_id: options.client_id,
    client_secret: options.client_secret,
    audience: options.audience,
    ...(options.scope !== undefined && { scope: options.scope }),
  }
  const signal = AbortSignal.timeout(EXCHANGE_TIMEOUT_MS)
  try {
    const answer = await sendTokenRequest(options.token_endpoint, parameters, { fetch, signal })
    return answer as unknown as TokenResponse
  } catch (error) {
    if (!(error instanceof TokenEndpointError)) throw error
    throw redacted(error, options.client_secret)
  }
}

/** A server that echoes the request must not make us print the secret. */
function redacted(error: TokenEndpointError, client_secret: string): TokenEndpointError {
  const plain = (text: string) => plainText(text, [client_secret])
  const { status, requestId, retryAfterSeconds: retryAfter } = error
  const id = requestId === null ? null : plain(requestId)
  return new TokenEndpointError(status, plain(error.error), plain(error.message), id, retryAfter)
}

/**
 * Sends the form and reads the answer.
 *
 * A redirect is treated as an answer, not followed: following it would send the secret to another
 * address. (`redirect: 'error'` would do, but not every runtime has it.)
 */
export async function sendTokenRequest(
  token_endpoint: string,
  parameters: Readonly<Record<string, string>>,
  { fetch, signal, onDate }: SendOptions,
): Promise<TokenAnswer> {
  const response = await fetch(token_endpoint, {
    method: 'POST',
    headers: { accept: 'application/json' },
    body: new URLSearchParams(parameters),
    redirect: 'manual',
    signal,
  })
  const date = Date.parse(response.headers.get('date') ?? '')
  if (!Number.isNaN(date)) onDate?.(date)
  const answer = await readAnswer(response)
  if (response.status === 200 && isTokenAnswer(answer)) return answer
  throw refusal(response, answer)
}

async function readAnswer(response: Response): Promise<Record<string, unknown>> {
  if (isRedirect(response)) {
    discardBody(response)
    return {}
  }
  // A connection that breaks here is a network failure and is rethrown; invalid text counts as an
  // invalid answer.
  try {
    const value: unknown = JSON.parse(await boundedText(response, MAX_ANSWER_BYTES))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof BodyTooLong) return {}
    throw error
  }
}

/** Browser engines report an unfollowed redirect as status 0. */
function isRedirect(response: Response): boolean {
  return response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)
}

/** RFC 6749 §7.1: a token of an unknown type must not be used. */
function isTokenAnswer(
  answer: Record<string, unknown>,
): answer is Record<string, unknown> & TokenAnswer {
  const { access_token, token_type } = answer
  return (
    typeof access_token === 'string' &&
    TOKEN.test(access_token) &&
    typeof token_type === 'string' &&
    token_type.toLowerCase() === 'bearer'
  )
}

function refusal(response: Response, answer: Record<string, unknown>): TokenEndpointError {
  const text = (name: string, otherwise: string): string =>
    typeof answer[name] === 'string' ? answer[name] : otherwise
  const otherwise = isRedirect(response)
    ? 'The token endpoint redirects, and a secret is never sent to another address; set the new one'
    : `The token endpoint answered ${response.status} without a token`
  return new TokenEndpointError(
    response.status,
    text('error', isRedirect(response) ? 'redirected' : 'unexpected_answer'),
    text('error_description', otherwise),
    response.headers.get('x-request-id'),
    retryAfterSeconds(response.headers),
  )
}
