/**
 * One request to the API and its answer, with a deadline and network failures. No retries, except
 * one when the API rejects our clock, since its answer carries the right time.
 */

import {
  BodyTooLong,
  boundedText,
  NetworkError,
  type ServerClock,
  TimeoutError,
} from '@modulariot/oauth/client'
import { type AnswerDetails, detailsOf, type Redact, refusesOurClock } from './answer.ts'

export interface ApiDeps {
  /** Base URL, without a trailing slash. */
  readonly apiUrl: string
  /** For messages. */
  readonly client_id: string
  /** Adds the token, and replaces it when the API refuses it. */
  readonly fetch: typeof globalThis.fetch
  readonly serverClock: ServerClock
  readonly redact: Redact
  /** For one request and its whole answer. */
  readonly timeoutMs: number
}

/** Fits a thousand results, each with the faults of its report. */
const MAX_ANSWER_BYTES = 8 << 20

export interface PostRequest {
  readonly path: string
  readonly requestId: string
  readonly contentType: string
  readonly body: string
  readonly signal?: AbortSignal | undefined
}

export interface ApiAnswer extends AnswerDetails {
  readonly replayed: boolean
  /** The parsed body; undefined when it is not JSON. */
  readonly json: unknown
}

/**
 * @throws TimeoutError, NetworkError; the token's errors; the caller's own reason when its signal
 *   is aborted.
 */
export async function post(request: PostRequest, deps: ApiDeps): Promise<ApiAnswer> {
  const answer = await attempt(request, deps)
  return refusesOurClock(answer.status, answer.json) ? attempt(request, deps) : answer
}

function attempt(request: PostRequest, deps: ApiDeps): Promise<ApiAnswer> {
  const headers = {
    'content-type': request.contentType,
    'x-request-id': request.requestId,
    'x-request-timestamp': String(deps.serverClock.nowMs() / 1000),
  }
  return send({ ...request, method: 'POST', headers }, deps)
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST'
  /** Below the base URL, with the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal | undefined
}

/** One request and its whole answer. @throws as `post`. */
export async function send(request: ApiRequest, deps: ApiDeps): Promise<ApiAnswer> {
  const { serverClock, redact } = deps
  const timeout = AbortSignal.timeout(deps.timeoutMs)
  const signal = request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout])
  const url = `${deps.apiUrl}${request.path}`
  const asked = `${request.method} ${url}, client ${deps.client_id}`
  const learn = serverClock.watch()
  try {
    const response = await deps.fetch(url, {
      method: request.method,
      headers: request.headers,
      ...(request.body !== undefined && { body: request.body }),
      // Following a redirect would send the token elsewhere, and drop the body.
      redirect: 'manual',
      signal,
    })
    learn(response.headers.get('date'))
    const json = await readJson(response)
    return {
      ...detailsOf(response, serverClock.nowMs(), redact),
      asked,
      replayed: response.headers.get('idempotent-replay') === 'true',
      json,
    }
  } catch (error) {
    if (request.signal?.aborted) throw request.signal.reason
    if (timeout.aborted) {
      throw new TimeoutError(`No answer within ${deps.timeoutMs / 1000} s (${asked})`)
    }
    if (isTyped(error)) throw error
    throw new NetworkError(`The API cannot be reached: ${causeOf(error)} (${asked})`)
  }
}

/**
 * A connection that breaks here is a network failure; text that is not JSON, or too long, is not an
 * answer.
 */
async function readJson(response: Response): Promise<unknown> {
  try {
    return JSON.parse(await boundedText(response, MAX_ANSWER_BYTES))
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof BodyTooLong) return undefined
    throw error
  }
}

/** Errors from requesting the token are already typed. */
export function isTyped(error: unknown): boolean {
  return error instanceof Error && typeof (error as { retryable?: unknown }).retryable === 'boolean'
}

/** The runtime's code, such as ECONNREFUSED, and never its message, which may quote anything. */
export function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = (cause as { code?: unknown } | null)?.code
  if (typeof code === 'string') return code.slice(0, 40)
  return cause instanceof Error ? cause.name : 'no reason given'
}
