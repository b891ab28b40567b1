/**
 * When the next batch is written: once as many wait as were there for the one before, but not
 * later than two milliseconds after it could begin. Under load that makes larger transactions, each
 * of which costs an fsync; a lonely report waits for nothing.
 */

const MAX_LINGER_MS = 2

export class Linger {
  readonly #now: () => number
  /** How many were there for the batch before: in it, or waiting when it was written. */
  #expected = 1
  #writtenAt = Number.NEGATIVE_INFINITY
  #wake: (() => void) | null = null

  /** @param now monotonic milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /**
   * Resolves when the batch is to be written; null: now.
   *
   * @param waiting how many wait for it.
   */
  gathered(waiting: number): Promise<void> | null {
    // After a pause those of the batch before are not expected back.
    const isBusy = this.#now() - this.#writtenAt <= MAX_LINGER_MS
    if (!isBusy || waiting >= this.#expected) return null
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, MAX_LINGER_MS)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** @param waiting how many wait now. */
  arrived(waiting: number): void {
    if (this.#wake === null || waiting < this.#expected) return
    this.#wake()
    this.#wake = null
  }

  /**
   * @param size of the batch.
   * @param waiting how many came while it was written.
   */
  written(size: number, waiting: number): void {
    this.#expected = size + waiting
    this.#writtenAt = this.#now()
  }
}
