/**
 * Places for those who hold a connection, taken in order of arrival.
 *
 * The pool would queue just the same, but with a limit of its own, which passes during a pause of
 * this process though a connection has become free.
 */

export class Places {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(places: number) {
    this.#free = places
  }

  /** Null: a place was free, and is taken. Otherwise resolves when it is. */
  take(): Promise<void> | null {
    if (this.#free === 0) return new Promise((resolve) => this.#waiting.push(resolve))
    this.#free--
    return null
  }

  leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free++
    else next()
  }
}
