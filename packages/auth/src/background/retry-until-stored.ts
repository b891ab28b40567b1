/** Work that a change asks for and that must not be forgotten because the store was away for a moment. */

import { StoreUnavailable } from '@modulariot/platform/storage'

const RETRY_MS = 1000

export interface Insisting {
  /** Does it, now and then again each second until the store has answered. Never rejects. */
  start(): void
  stop(): void
}

/** @param onError told of each failure; only one of the store is tried again. */
export function untilDone(work: () => Promise<void>, onError: (error: unknown) => void): Insisting {
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
