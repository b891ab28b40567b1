/**
 * One request with the client's token, and its whole answer: a deadline, a bounded body, and
 * network failures as errors. What the answer means is for its reader.
 */

import {
  BodyTooLong,
  boundedText,
  NetworkError,
  type ServerClock,
  TimeoutError,
} from '@modulariot/oauth/client'
import { type AnswerDetails, detailsOf, type Redact } from './details.ts'

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

/** Default of a client, for one request and its whole answer. */
export const REQUEST_TIMEOUT_MS = 30_000

/** Default: fits a thousand results, each with the faults of its report. */
const MAX_ANSWER_BYTES = 8 << 20

export interface ApiAnswer extends AnswerDetails {
  readonly replayed: boolean
  /** The body; empty when it is too long. */
  readonly text: string
  /** The parsed body; undefined when it is not JSON. */
  readonly json: unknown
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below the base URL, with the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** A longer answer counts as none. */
  readonly maxAnswerBytes?: number
  readonly signal?: AbortSignal | undefined
}

/**
 * One request and its whole answer.
 *
 * @throws TimeoutError, NetworkError; the token's errors; the caller's own reason when its
 * signal is aborted.
 */
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
    const text = await readText(response, request.maxAnswerBytes ?? MAX_ANSWER_BYTES)
    return {
      ...detailsOf(response, serverClock.nowMs(), redact),
      asked,
      replayed: response.headers.get('idempotent-replay') === 'true',
      text,
      json: parsed(text),
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

/** A connection that breaks here is a network failure; text that is too long is not an answer. */
async function readText(response: Response, maxBytes: number): Promise<string> {
  try {
    return await boundedText(response, maxBytes)
  } catch (error) {
    if (error instanceof BodyTooLong) return ''
    throw error
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
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
