/**
 * Speaking to ModularIoT API as a client: one token, kept until it is time for the next, and answers turned
 * into results or into the errors commands end with.
 */

import { requestToken, TokenEndpointError } from '@modulariot/oauth/client'
import { CliError, type CliErrorCode } from './cli-error.ts'
import { type Credentials, resolveCredentials } from './client-credentials.ts'
import type { Context } from './context.ts'

/** What every command that speaks to the API takes. */
export interface SessionOptions {
  readonly clientId?: string
  readonly audience?: string
  readonly tokenUrl?: string
  readonly apiUrl?: string
}

export interface ApiSession {
  /**
   * Sends one request with a token; after a 401, once more with a new one.
   *
   * @throws CliError or TokenEndpointError when there is no token to be had; whatever `fetch` throws.
   */
  send(path: string, init?: RequestInit): Promise<Response>
}

const TIMEOUT_MS = 30_000

/** @throws CliError usage when it is not known where the API is or who asks. */
export function openApiSession(context: Context, options: SessionOptions): ApiSession {
  const credentials = resolveCredentials(context.config(), options)
  const { apiUrl } = credentials
  if (apiUrl === undefined) {
    throw new CliError('usage', 'Say where the API is: --api-url or MIOT_API_URL')
  }
  const token = createTokenCache(credentials, context.fetch)

  async function attempt(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('authorization', `Bearer ${await token.get()}`)
    const signal = init.signal ?? AbortSignal.timeout(TIMEOUT_MS)
    return context.fetch(apiUrl + path, { ...init, headers, signal, redirect: 'error' })
  }

  return {
    async send(path, init = {}) {
      const response = await attempt(path, init)
      if (response.status !== 401) return response
      await response.body?.cancel()
      token.forget()
      return attempt(path, init)
    },
  }
}

/** Many ask at once, and one request is made. */
function createTokenCache(credentials: Credentials, fetch: Context['fetch']) {
  let cached: Promise<string> | null = null
  let refreshAt = 0
  async function request(): Promise<string> {
    const { access_token, refresh_in, expires_in } = await requestToken(credentials, fetch)
    refreshAt = performance.now() + (refresh_in ?? expires_in / 2) * 1000
    return access_token
  }
  return {
    forget: () => {
      cached = null
    },
    get(): Promise<string> {
      if (cached !== null && performance.now() < refreshAt) return cached
      refreshAt = Number.POSITIVE_INFINITY
      cached = request()
      cached.catch(() => {
        cached = null
      })
      return cached
    },
  }
}

/** A refusal of the API, or anything else that is not the answer asked for. */
export interface ApiRefusal {
  readonly message?: string
  readonly detail?: string
  readonly errors?: Readonly<Record<string, string>>
}

const CODES: Readonly<Record<number, CliErrorCode>> = {
  401: 'auth',
  403: 'auth',
  404: 'not_found',
  429: 'rate_limited',
  503: 'network',
}

/** @throws CliError saying what the API said, unless it answered 200. */
export async function answerOf<Answer>(response: Response): Promise<Answer> {
  const answer: unknown = await response.json().catch(() => null)
  if (response.status === 200 && answer !== null) return answer as Answer
  const refusal = typeof answer === 'object' && answer !== null ? (answer as ApiRefusal) : {}
  throw new CliError(
    CODES[response.status] ?? 'failure',
    `${response.status} ${describeRefusal(refusal)}`,
  )
}

/** The message, and below it a line for each fault. */
export function describeRefusal({ message, detail, errors }: ApiRefusal): string {
  const lines = Object.entries(errors ?? {}).map(([path, fault]) => `  ${path} ${fault}`)
  const text = [message ?? 'The API did not answer as documented', detail]
    .filter(Boolean)
    .join(': ')
  return [text, ...lines].join('\n')
}

/** Whether sending the same again later may help. */
export function isTemporary(error: unknown): boolean {
  if (error instanceof CliError) return error.code === 'rate_limited' || error.code === 'network'
  if (error instanceof TokenEndpointError) return [429, 503].includes(error.status)
  // What `fetch` throws for a network that fails holds the true cause.
  return error instanceof Error && (error.name === 'TimeoutError' || error.cause !== undefined)
}
