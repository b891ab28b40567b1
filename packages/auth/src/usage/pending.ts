/** Counters of what was not written yet, by the id of what is counted. */

/** More gather only while the store does not answer. */
const MAX_PENDING = 50_000

export class Pending<Counters> {
  readonly #none: (id: string) => Counters
  readonly #sum: (one: Counters, other: Counters) => Counters
  #all = new Map<string, Counters>()
  #dropped = 0

  /** @param none the counters of an id that nothing was counted of. */
  constructor(none: (id: string) => Counters, sum: (one: Counters, other: Counters) => Counters) {
    this.#none = none
    this.#sum = sum
  }

  get size(): number {
    return this.#all.size
  }

  /** How often something was not counted, because there were too many ids. */
  get dropped(): number {
    return this.#dropped
  }

  /** @param by one more, in place. */
  count(id: string, by: (counters: Counters) => void): void {
    const counters = this.#of(id)
    if (counters !== null) by(counters)
  }

  /** Takes back what `take` gave. */
  add(id: string, counters: Counters): void {
    const pending = this.#of(id)
    if (pending !== null) this.#all.set(id, this.#sum(pending, counters))
  }

  /** All of them, of which nobody counts here any more. */
  take(): Counters[] {
    const all = [...this.#all.values()]
    this.#all = new Map()
    return all
  }

  #of(id: string): Counters | null {
    const known = this.#all.get(id)
    if (known !== undefined) return known
    if (this.#all.size >= MAX_PENDING) {
      this.#dropped++
      return null
    }
    const counters = this.#none(id)
    this.#all.set(id, counters)
    return counters
  }
}
