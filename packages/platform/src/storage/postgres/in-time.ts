/**
 * Limits for what arrives over a socket, of which a pause of this process takes little.
 *
 * After a pause (a busy machine, a long turn of the event loop) timers run before anything is read
 * of what has arrived. So a limit consists of short steps, of which a pause takes one at most, and
 * is followed by one more round of reading: what waits in a socket is not late.
 */

/** A limit has four steps, or more. */
const MAX_STEP_MS = 200

export class Deadline {
  readonly #stepMs: number
  #at: number

  /** @param limitMs from now. */
  constructor(limitMs: number) {
    this.#stepMs = Math.min(limitMs / 4, MAX_STEP_MS)
    this.#at = performance.now() + limitMs
  }

  get leftMs(): number {
    return this.#at - performance.now()
  }

  /** Rejects with the error of `late` when there is no answer in time. */
  async wait<Answer>(answer: Promise<Answer>, late: () => Error): Promise<Answer> {
    const missed = Promise.withResolvers<never>()
    let timer: NodeJS.Timeout | undefined
    let stepEndsAt: number
    const step = (): void => {
      const ms = Math.max(0, Math.min(this.#stepMs, this.leftMs))
      stepEndsAt = performance.now() + ms
      timer = setTimeout(endStep, ms)
    }
    /** What lies beyond the step was a pause. */
    const addPause = (): void => {
      const now = performance.now()
      this.#at += Math.max(0, now - stepEndsAt)
      stepEndsAt = Math.max(now, stepEndsAt)
    }
    const endStep = (): void => {
      addPause()
      // Timers, then reading, then immediates: one round of the event loop.
      if (this.leftMs < 1) setImmediate(() => missed.reject(late()))
      else step()
    }
    // It may be rejected later, when the connection is discarded.
    answer.catch(() => undefined)
    step()
    try {
      return await Promise.race([answer, missed.promise])
    } finally {
      addPause()
      clearTimeout(timer)
    }
  }
}
