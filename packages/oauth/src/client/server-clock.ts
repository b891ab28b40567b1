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
  #learntAt: Moment

  constructor(clock: Clock) {
    this.#clock = clock
    this.#learntAt = momentOf(clock)
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

  /** How far the server's clock is ahead of the wall clock, in milliseconds; 0 when it is not known. */
  get skewMs(): number {
    const { monotonicMs, wallMs } = this.#learntAt
    const wall = this.#clock.wallMs() - wallMs
    const monotonic = this.#clock.monotonicMs() - monotonicMs
    // Somebody set the wall clock (or the machine slept): what we learnt was about another clock.
    return Math.abs(wall - monotonic) > MAX_DRIFT_MS ? 0 : this.#skewMs
  }

  /** Unix milliseconds. */
  nowMs(): number {
    return this.#clock.wallMs() + this.skewMs
  }
}
