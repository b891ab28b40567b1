/** Makes one call of many: what is requested in one turn of the event loop runs together. */

interface Request<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

export interface GroupOptions {
  /** Items in one group. */
  readonly atMost: number
  /** Groups that run beside each other, each with a connection; the rest wait, and grow. */
  readonly atATime: number
}

/**
 * An item never joins a group that runs already: its result is not older than its request.
 *
 * When `work` fails, so do all of its group, and those that wait: they would wait for the same
 * store, and in sum for longer than a request may.
 *
 * @param work returns a result for each item, in their order.
 */
export function createGroups<Item, Result>(
  work: (items: readonly Item[]) => Promise<readonly Result[]>,
  { atMost, atATime }: GroupOptions,
): (item: Item) => Promise<Result> {
  let waiting: Request<Item, Result>[] = []
  let running = 0
  const runGroup = async (group: readonly Request<Item, Result>[]): Promise<void> => {
    running++
    try {
      const results = await work(group.map(({ item }) => item))
      for (const [index, { resolve }] of group.entries()) resolve(results[index] as Result)
    } catch (error) {
      for (const { reject } of [...group, ...waiting]) reject(error)
      waiting = []
    }
    running--
    runWaiting()
  }
  const runWaiting = (): void => {
    while (waiting.length > 0 && running < atATime) {
      const group = waiting.slice(0, atMost)
      waiting = waiting.slice(atMost)
      void runGroup(group)
    }
  }
  return (item) =>
    new Promise((resolve, reject) => {
      if (waiting.push({ item, resolve, reject }) === 1) setImmediate(runWaiting)
    })
}
