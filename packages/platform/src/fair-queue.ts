/**
 * A queue in which names take turns: many items under one name do not hold up the single item of
 * another.
 */

export class FairQueue<Item> {
  /** The first key is next. */
  readonly #waiting = new Map<string, Item[]>()
  #size = 0

  /** Across all names. */
  get size(): number {
    return this.#size
  }

  sizeOf(name: string): number {
    return this.#waiting.get(name)?.length ?? 0
  }

  add(name: string, item: Item): void {
    this.#size++
    const ofName = this.#waiting.get(name)
    if (ofName === undefined) this.#waiting.set(name, [item])
    else ofName.push(item)
  }

  /**
   * Takes the oldest items of the name whose turn it is, up to the first that does not fit, and
   * moves the name to the end. When not even one fits, returns none and the turn stays with that
   * name.
   */
  takeTurn(fits: (item: Item) => boolean): Item[] {
    const [next] = this.#waiting
    if (next === undefined) return []
    const [name, items] = next
    const past = items.findIndex((item) => !fits(item))
    const taken = items.splice(0, past === -1 ? items.length : past)
    if (taken.length === 0) return taken
    this.#waiting.delete(name)
    if (items.length > 0) this.#waiting.set(name, items)
    this.#size -= taken.length
    return taken
  }

  /** Takes the oldest item of the name whose turn it is, and moves the name to the end. */
  take(): Item | undefined {
    const [next] = this.#waiting
    if (next === undefined) return undefined
    const [name, items] = next
    this.#waiting.delete(name)
    const item = items.shift()
    if (items.length > 0) this.#waiting.set(name, items)
    this.#size--
    return item
  }

  /** Takes an item out before its turn; does nothing when it is not queued. */
  remove(name: string, item: Item): void {
    const items = this.#waiting.get(name) ?? []
    const index = items.indexOf(item)
    if (index === -1) return
    items.splice(index, 1)
    if (items.length === 0) this.#waiting.delete(name)
    this.#size--
  }
}
