/** The clock, waiting and chance, so that tests need none of the three. */

import { MAX_TIMER_MS } from '@modulariot/oauth/client'

export interface Timing {
  /** Unix milliseconds. */
  now(): number
  /**
   * Resolves after so many milliseconds, or as soon as the signal is aborted; never rejects.
   *
   * @param keepsAlive whether the process may not end meanwhile.
   */
  wait(delayMs: number, signal: AbortSignal, keepsAlive: boolean): Promise<void>
  /** From 0 to 1. */
  random(): number
}

/** What runtimes with Node's timers have; elsewhere a timer is a number. */
interface NodeTimer {
  unref?(): void
}

export const systemTiming: Timing = {
  now: () => Date.now(),
  random: () => Math.random(),
  wait(delayMs, signal, keepsAlive) {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(done, Math.min(delayMs, MAX_TIMER_MS))
      if (!keepsAlive) (timer as NodeTimer).unref?.()
      signal.addEventListener('abort', done)
      function done() {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
    })
  },
}
