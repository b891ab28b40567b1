/**
 * The server's time, learnt from the `Date` of its answers.
 *
 * A device without a battery for its clock boots in 1970. What it signs or stamps must not say so.
 */

import { type Clock, elapsedMs, type Moment, momentOf } from '../transport/clock.ts'

/** `Date` has whole seconds, and the way there and back hides the rest. */
const RESOLUTION_MS = 1000
/** An answer that took longer says too little about when it was written. */
const MAX_ROUND_TRIP_MS = 10_000
/** The two local clocks may drift apart by this much before we conclude that one was set. */
const MAX_DRIFT_MS = 5_000

export class ServerClock {
  readonly #clock: Clock
  #skewMs = 0
  /** Null: nothing was learnt yet. */
  #learntAt: Moment | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Learns from one answer.
   *
   * @param serverMs its `Date`, Unix milliseconds.
   * @param begun when the request was begun.
   */
  learn(serverMs: number, begun: Moment): void {
    const now = momentOf(this.#clock)
    const roundTripMs = elapsedMs(begun, this.#clock)
    if (roundTripMs > MAX_ROUND_TRIP_MS) return
    const skewMs = serverMs + RESOLUTION_MS / 2 - (now.wallMs - roundTripMs / 2)
    this.#skewMs = Math.abs(skewMs) <= RESOLUTION_MS + roundTripMs / 2 ? 0 : Math.round(skewMs)
    this.#learntAt = now
  }

  /**
   * For one request that begins now.
   *
   * @returns to be called with the answer's `Date`.
   */
  watch(): (date: string | null) => void {
    const begun = momentOf(this.#clock)
    return (date) => {
      const serverMs = Date.parse(date ?? '')
      if (!Number.isNaN(serverMs)) this.learn(serverMs, begun)
    }
  }

  /** Whether what `nowMs` says was learnt from the server. */
  get isKnown(): boolean {
    if (this.#learntAt === null) return false
    const wall = this.#clock.wallMs() - this.#learntAt.wallMs
    const monotonic = this.#clock.monotonicMs() - this.#learntAt.monotonicMs
    // Somebody set the wall clock (or the machine slept): what we learnt was about another clock.
    return Math.abs(wall - monotonic) <= MAX_DRIFT_MS
  }

  /**
   * How far the server's clock is ahead of the wall clock, in milliseconds; 0 when it is not known.
   */
  get skewMs(): number {
    return this.isKnown ? this.#skewMs : 0
  }

  /** Unix milliseconds. */
  nowMs(): number {
    return this.#clock.wallMs() + this.skewMs
  }
}
