/** Makes one call of many: what is requested in one turn of the event loop runs together. */

interface Request<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/**
 * An item never joins a group that runs already: its result is not older than its request.
 *
 * @param work returns a result for each item, in their order. When it fails, the whole group does.
 * @param atMost items in one group; the rest of a turn runs in further groups, beside it.
 * @param schedule runs the groups: `setImmediate` or `process.nextTick`.
 */
export function createGroups<Item, Result>(
  work: (items: readonly Item[]) => Promise<readonly Result[]>,
  atMost: number,
  schedule: (run: () => void) => void,
): (item: Item) => Promise<Result> {
  let waiting: Request<Item, Result>[] = []
  const runGroup = async (group: readonly Request<Item, Result>[]): Promise<void> => {
    try {
      const results = await work(group.map(({ item }) => item))
      for (const [index, { resolve }] of group.entries()) resolve(results[index] as Result)
    } catch (error) {
      for (const { reject } of group) reject(error)
    }
  }
  const runAll = (): void => {
    const all = waiting
    waiting = []
    for (let first = 0; first < all.length; first += atMost) {
      void runGroup(all.slice(first, first + atMost))
    }
  }
  return (item) =>
    new Promise((resolve, reject) => {
      if (waiting.push({ item, resolve, reject }) === 1) schedule(runAll)
    })
}
