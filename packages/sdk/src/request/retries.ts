/** Repeats what failed for a reason that may pass, until it succeeds or time is up. */

import { type BackoffLimits, backoffMs } from '../timing/backoff.ts'
import type { Timing } from '../timing/timing.ts'

export interface RetryLimits extends BackoffLimits {
  /** How often it is sent at most. */
  readonly attempts: number
  /** No attempt starts later than this after the first. */
  readonly withinMs: number
}

/** Of one call; a buffer retries without limit. */
export const DEFAULT_RETRY: RetryLimits = {
  attempts: 6,
  withinMs: 60_000,
  baseMs: 500,
  maxMs: 30_000,
}

/** How one request is retried. */
export type Retry = <Result>(
  one: (signal: AbortSignal) => Promise<Result>,
  signal?: AbortSignal,
) => Promise<Result>

export function retryWith(limits: RetryLimits, timing: Timing): Retry {
  return (one, signal) => withRetries(one, limits, timing, signal)
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
