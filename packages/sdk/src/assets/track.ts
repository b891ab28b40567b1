/**
 * Sends one report to `POST /v1/asset/track`, and retries until it is kept, refused, or time is up.
 */

import { type BackoffLimits, backoffMs } from '../timing/backoff.ts'
import type { Timing } from '../timing/timing.ts'
import { confirmsKept, errorOf, isTexts, redacted } from './answer.ts'
import { ValidationError } from './errors.ts'
import { type ApiDeps, post } from './post.ts'
import type { Report } from './report.ts'
import { onlyFromFuture, type Stamps } from './stamps.ts'

export interface RetryLimits extends BackoffLimits {
  /** How often it is sent at most. */
  readonly attempts: number
  /** No attempt starts later than this after the first. */
  readonly withinMs: number
}

export interface Tracked {
  /** The id it is kept under: the `X-Request-Id`. */
  readonly request_id: string
  /** True when an earlier attempt had been kept, and its answer was lost. */
  readonly replayed: boolean
  /** By path: what the server kept without knowing it, such as an unknown metric key. */
  readonly warnings?: Readonly<Record<string, string>>
}

/**
 * One attempt. The request id is the report's own, so that a second attempt cannot duplicate it.
 */
export async function sendReport(
  report: Report,
  deps: ApiDeps,
  signal?: AbortSignal,
): Promise<Tracked> {
  const answer = await post(
    {
      path: '/v1/asset/track',
      requestId: report.request_id,
      contentType: 'application/json',
      body: report.body,
      signal,
    },
    deps,
  )
  if (!confirmsKept(answer.status, answer.json)) throw errorOf(answer, answer.json, deps.redact)
  const { warnings } = answer.json as { warnings?: unknown }
  return {
    request_id: report.request_id,
    replayed: answer.replayed,
    ...(isTexts(warnings) && { warnings: redacted(warnings, deps.redact) }),
  }
}

/** One attempt, and another with other times when the server refuses those in the future. */
export async function sendStamped(
  report: Report,
  stamps: Stamps,
  deps: ApiDeps,
  signal?: AbortSignal,
): Promise<Tracked> {
  const send = async () => {
    const [current = report] = await stamps.current([report])
    return sendReport(current, deps, signal)
  }
  try {
    return await send()
  } catch (error) {
    const isFromFuture = error instanceof ValidationError && onlyFromFuture(error.errors)
    if (!isFromFuture || !stamps.move([report])) throw error
    return send()
  }
}

/**
 * Runs `send`, and retries failures that may pass: no network, no answer in time, 429, 5xx.
 *
 * @throws the last attempt's error; the signal's reason.
 */
export async function withRetries<Result>(
  send: (signal: AbortSignal) => Promise<Result>,
  limits: RetryLimits,
  timing: Timing,
  signal: AbortSignal = new AbortController().signal,
): Promise<Result> {
  const lastStartMs = timing.now() + limits.withinMs
  for (let failures = 1; ; failures += 1) {
    try {
      return await send(signal)
    } catch (error) {
      if (!isRetryable(error) || failures >= limits.attempts) throw error
      const delayMs = backoffMs(failures, retryAfterOf(error), limits, timing.random())
      if (timing.now() + delayMs > lastStartMs) throw error
      await timing.wait(delayMs, signal, true)
      signal.throwIfAborted()
    }
  }
}

export function isRetryable(error: unknown): boolean {
  return (error as { retryable?: unknown } | null)?.retryable === true
}

export function retryAfterOf(error: unknown): number | null {
  const seconds = (error as { retryAfterSeconds?: unknown } | null)?.retryAfterSeconds
  return typeof seconds === 'number' ? seconds : null
}
