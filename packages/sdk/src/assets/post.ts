/** One request to the API and its answer: the deadline, and failures of the network. No retries. */

import { NetworkError, TimeoutError } from '@modulariot/oauth/client'
import type { Timing } from '../timing.ts'
import { type AnswerDetails, detailsOf } from './answer.ts'

export interface ApiDeps {
  /** Base URL, without a slash at the end. */
  readonly apiUrl: string
  /** Adds the token, and gets another when the API refuses it. */
  readonly fetch: typeof globalThis.fetch
  readonly timing: Timing
  /** Unix milliseconds, by the server's clock as far as it is known. */
  readonly nowMs: () => number
  /** For one request and its whole answer. */
  readonly timeoutMs: number
}

export interface PostRequest {
  readonly path: string
  readonly requestId: string
  readonly contentType: string
  readonly body: string
  readonly signal?: AbortSignal | undefined
}

export interface ApiAnswer extends AnswerDetails {
  readonly replayed: boolean
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown
}

/**
 * @throws TimeoutError, NetworkError; the errors of the token; the caller's own reason when its signal
 *   is aborted.
 */
export async function post(request: PostRequest, deps: ApiDeps): Promise<ApiAnswer> {
  const timeout = AbortSignal.timeout(deps.timeoutMs)
  const signal = request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout])
  const url = `${deps.apiUrl}${request.path}`
  try {
    const response = await deps.fetch(url, {
      method: 'POST',
      headers: {
        'content-type': request.contentType,
        'x-request-id': request.requestId,
        'x-request-timestamp': String(deps.nowMs() / 1000),
      },
      body: request.body,
      // A redirect would carry the token elsewhere, and drop the body.
      redirect: 'manual',
      signal,
    })
    const text = await response.text()
    return {
      ...detailsOf(response, deps.nowMs()),
      replayed: response.headers.get('idempotent-replay') === 'true',
      json: parse(text),
    }
  } catch (error) {
    if (request.signal?.aborted) throw request.signal.reason
    if (timeout.aborted) {
      throw new TimeoutError(`${url} did not answer within ${deps.timeoutMs / 1000} s`)
    }
    if (isTyped(error)) throw error
    throw new NetworkError(`${url} cannot be reached (${causeOf(error)})`)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What the token's side threw says already what it is. */
function isTyped(error: unknown): boolean {
  return error instanceof Error && typeof (error as { retryable?: unknown }).retryable === 'boolean'
}

/** The runtime's code, such as ECONNREFUSED, and never its message: nobody knows what that quotes. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = (cause as { code?: unknown } | null)?.code
  if (typeof code === 'string') return code.slice(0, 40)
  return cause instanceof Error ? cause.name : 'no reason given'
}
