/**
 * What a process knows by heart that the one which replaces it should know too, such as failures
 * that are counted: the new process gets it from one that serves, before it serves itself.
 */

/** A part of what each process knows; all of them know about the same. */
export interface Inheritable<Item = unknown> {
  /**
   * The items to pass on, the least important ones first; anything that structured clone copies.
   */
  items(): readonly Item[]
  /** Adds items to what this process knows already. */
  take(items: readonly Item[]): void
}

export interface Piece {
  readonly topic: string
  readonly items: readonly unknown[]
}

/** Passing them on takes a turn of the event loop each, of about a millisecond. */
const ITEMS_IN_PIECE = 500

export class Inheritance {
  readonly #parts = new Map<string, Inheritable>()

  /** @param topic of no one else; of two parts with one topic, the later one counts. */
  add<Item>(topic: string, part: Inheritable<Item>): void {
    this.#parts.set(topic, part as Inheritable)
  }

  take({ topic, items }: Piece): void {
    this.#parts.get(topic)?.take(items)
  }

  *pieces(): Generator<Piece> {
    for (const [topic, part] of this.#parts) {
      const items = part.items()
      for (let from = 0; from < items.length; from += ITEMS_IN_PIECE) {
        yield { topic, items: items.slice(from, from + ITEMS_IN_PIECE) }
      }
    }
  }
}
