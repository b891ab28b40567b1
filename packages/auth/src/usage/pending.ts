/** Counters that are not written yet, by id. */

/** Reached only while the store does not answer. */
const MAX_PENDING = 50_000

export class Pending<Counters> {
  readonly #none: (id: string) => Counters
  readonly #sum: (one: Counters, other: Counters) => Counters
  #all = new Map<string, Counters>()
  #dropped = 0

  /** @param none returns the counters of an id that has none yet. */
  constructor(none: (id: string) => Counters, sum: (one: Counters, other: Counters) => Counters) {
    this.#none = none
    this.#sum = sum
  }

  get size(): number {
    return this.#all.size
  }

  /** How many counts were dropped because there were too many ids. */
  get dropped(): number {
    return this.#dropped
  }

  /** @param by updates the counters in place. */
  count(id: string, by: (counters: Counters) => void): void {
    const counters = this.#of(id)
    if (counters !== null) by(counters)
  }

  /** Puts back what `take` returned. */
  add(id: string, counters: Counters): void {
    const pending = this.#of(id)
    if (pending !== null) this.#all.set(id, this.#sum(pending, counters))
  }

  /**
   * All counters; later counts start new ones. In the order of their ids: a batch of them is then
   * neighbours in the store, and changes a third of the pages that a fleet in random order would.
   */
  take(): Counters[] {
    const all = this.#all
    this.#all = new Map()
    return [...all.keys()].sort().map((id) => all.get(id) as Counters)
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
