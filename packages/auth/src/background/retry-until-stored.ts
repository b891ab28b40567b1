/** Retries work that must follow a change even if the store is briefly unavailable. */

import { StoreUnavailable } from '@modulariot/platform/storage'

const RETRY_MS = 1000

export interface RetriedWork {
  /** Runs the work now, and again after each `StoreUnavailable`. Never rejects. */
  start(): void
  stop(): void
}

/**
 * Runs `work`, then retries every second until the store answers.
 *
 * @param onError called with each failure; only a `StoreUnavailable` is retried.
 */
export function retryUntilStored(
  work: () => Promise<void>,
  onError: (error: unknown) => void,
): RetriedWork {
  let retry: NodeJS.Timeout | null = null
  let stopped = false
  function failed(error: unknown): void {
    onError(error)
    if (!(error instanceof StoreUnavailable) || stopped) return
    retry ??= setTimeout(start, RETRY_MS).unref()
  }
  function start(): void {
    stopRetry()
    work().catch(failed)
  }
  function stopRetry(): void {
    if (retry !== null) clearTimeout(retry)
    retry = null
  }
  return {
    start,
    stop() {
      stopped = true
      stopRetry()
    },
  }
}
