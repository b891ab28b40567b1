/** When a worker that ended is replaced: at once, unless its replacements end soon, too. */

/** A worker that ran for longer has started well. */
const SOON_MS = 10_000
const MAX_DELAY_MS = 30_000

export class RestartDelay {
  /** Replacements in a row that ended soon. */
  #soon = 0
  #isReplacement = false

  /**
   * Called when the worker has ended.
   *
   * @param ranMs since its start.
   * @returns milliseconds until its replacement starts.
   */
  after(ranMs: number): number {
    this.#soon = this.#isReplacement && ranMs < SOON_MS ? this.#soon + 1 : 0
    this.#isReplacement = true
    return this.#soon === 0 ? 0 : Math.min(1000 * 2 ** (this.#soon - 1), MAX_DELAY_MS)
  }
}
