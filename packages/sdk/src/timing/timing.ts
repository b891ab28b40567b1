/** The clock, waiting and chance, so that tests need none of the three. */

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

/** What timers count: asked for more, they go off at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

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
