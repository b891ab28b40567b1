/** Time from two clocks, because each is wrong in its own way. */

export interface Clock {
  /** Milliseconds from an arbitrary origin. Never set, but may stop while the machine sleeps. */
  monotonicMs(): number
  /** Unix milliseconds. Continues while the machine sleeps, but may be set to any value. */
  wallMs(): number
  /** Calls back once after this many milliseconds. The returned function cancels. */
  after(delayMs: number, callback: () => void): () => void
}

/** The longest delay of a timer, on every runtime; a longer one fires at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(delayMs, MAX_TIMER_MS))
    return () => clearTimeout(timer)
  },
}

/** A point in time, on both clocks. */
export interface Moment {
  readonly monotonicMs: number
  readonly wallMs: number
}

export function momentOf(clock: Clock): Moment {
  return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() }
}

/** The elapsed time by whichever clock says longer. */
export function elapsedMs(since: Moment, clock: Clock): number {
  return Math.max(clock.monotonicMs() - since.monotonicMs, clock.wallMs() - since.wallMs)
}
