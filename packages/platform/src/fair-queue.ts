/** A queue in which names take turns: the many items of one are not in the way of another's one. */

export class FairQueue<Item> {
  /** In the order of whose turn it is. */
  readonly #waiting = new Map<string, Item[]>()
  #size = 0

  /** Of all names together. */
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
   * The oldest items of the name whose turn it is, up to the first that does not fit; the name then
   * waits for all others. None where not even one fits: it stays that name's turn.
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

  /** The oldest item of the name whose turn it is, which then waits for all other names. */
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

  /** Takes an item out before its turn; one that is not there is no error. */
  remove(name: string, item: Item): void {
    const items = this.#waiting.get(name) ?? []
    const index = items.indexOf(item)
    if (index === -1) return
    items.splice(index, 1)
    if (items.length === 0) this.#waiting.delete(name)
    this.#size--
  }
}
