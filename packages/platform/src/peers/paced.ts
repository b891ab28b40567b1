/**
 * Sends items a bounded number at a time, so that telling others of them costs little however many
 * there are. For what the others may as well learn a little later, or never.
 */

export interface PacedOptions {
  /** The time before items are sent, and between two messages. */
  readonly everyMs: number
  /** Items in one message. */
  readonly atMost: number
  /** Items beyond it are dropped. */
  readonly maxWaiting: number
}

/** @param send never called without items. @returns a function that adds an item. */
export function paced<Item>(
  send: (items: readonly Item[]) => void,
  { everyMs, atMost, maxWaiting }: PacedOptions,
): (item: Item) => void {
  const waiting: Item[] = []
  function sendSome(): void {
    send(waiting.splice(0, atMost))
    if (waiting.length > 0) setTimeout(sendSome, everyMs).unref()
  }
  return (item) => {
    if (waiting.length >= maxWaiting) return
    if (waiting.push(item) === 1) setTimeout(sendSome, everyMs).unref()
  }
}
