/** The clock, waiting and random numbers, so that tests can replace all three. */

import { MAX_TIMER_MS } from '@modulariot/oauth/client'

export interface Timing {
  /** Unix milliseconds. */
  now(): number
  /**
   * Resolves after this many milliseconds, or as soon as the signal is aborted; never rejects.
   *
   * @param keepsAlive whether the wait keeps the process from ending.
   */
  wait(delayMs: number, signal: AbortSignal, keepsAlive: boolean): Promise<void>
  /** From 0 to 1. */
  random(): number
}

/** Timers of runtimes with Node's API; elsewhere a timer is a number. */
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
