/**
 * The server's time, learned from the `Date` of its answers.
 *
 * A device without a battery for its clock boots in 1970; what it signs or stamps must carry the
 * real time.
 */

import { type Clock, elapsedMs, type Moment, momentOf } from '../transport/clock.ts'

/** `Date` has whole seconds; the round trip hides the rest. */
const RESOLUTION_MS = 1000
/** A slower answer says too little about when it was written. */
const MAX_ROUND_TRIP_MS = 10_000
/** The two local clocks may drift apart by this much before we conclude that one was set. */
const MAX_DRIFT_MS = 5_000

export class ServerClock {
  readonly #clock: Clock
  #skewMs = 0
  /** Null until something was learned. */
  #learnedAt: Moment | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Learns from one answer.
   *
   * @param serverMs its `Date`, Unix milliseconds.
   * @param begun when the request was sent.
   */
  learn(serverMs: number, begun: Moment): void {
    const now = momentOf(this.#clock)
    const roundTripMs = elapsedMs(begun, this.#clock)
    if (roundTripMs > MAX_ROUND_TRIP_MS) return
    const skewMs = serverMs + RESOLUTION_MS / 2 - (now.wallMs - roundTripMs / 2)
    this.#skewMs = Math.abs(skewMs) <= RESOLUTION_MS + roundTripMs / 2 ? 0 : Math.round(skewMs)
    this.#learnedAt = now
  }

  /**
   * For one request that is sent now.
   *
   * @returns a function to call with the answer's `Date`.
   */
  watch(): (date: string | null) => void {
    const begun = momentOf(this.#clock)
    return (date) => {
      const serverMs = Date.parse(date ?? '')
      if (!Number.isNaN(serverMs)) this.learn(serverMs, begun)
    }
  }

  /** Whether `nowMs` returns a time learned from the server. */
  get isKnown(): boolean {
    if (this.#learnedAt === null) return false
    const wall = this.#clock.wallMs() - this.#learnedAt.wallMs
    const monotonic = this.#clock.monotonicMs() - this.#learnedAt.monotonicMs
    // The wall clock was set, or the machine slept: what was learned no longer applies.
    return Math.abs(wall - monotonic) <= MAX_DRIFT_MS
  }

  /** How far the server's clock is ahead of the wall clock, in milliseconds; 0 when unknown. */
  get skewMs(): number {
    return this.isKnown ? this.#skewMs : 0
  }

  /** Unix milliseconds. */
  nowMs(): number {
    return this.#clock.wallMs() + this.skewMs
  }
}
