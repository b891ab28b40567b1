/** Collects items for a short time, so that one message carries many of them. */

export interface GatherOptions {
  /** How long an item may wait. */
  readonly waitMs: number
  /** As many are sent at once. */
  readonly atMost: number
}

export interface Gathered<Item> {
  add(item: Item): void
  /** Sends what waits. */
  flush(): void
}

/** @param send never called without items. */
export function gather<Item>(
  send: (items: readonly Item[]) => void,
  { waitMs, atMost }: GatherOptions,
): Gathered<Item> {
  let items: Item[] = []
  let timer: NodeJS.Timeout | undefined
  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    if (items.length === 0) return
    const all = items
    items = []
    send(all)
  }
  return {
    add(item) {
      items.push(item)
      if (items.length >= atMost) flush()
      else timer ??= setTimeout(flush, waitMs).unref()
    },
    flush,
  }
}
