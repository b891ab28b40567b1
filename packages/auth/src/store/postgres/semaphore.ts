/** Who has to wait for others anyway waits here, and not with one of the connections that all need. */

import { StoreUnavailable } from '@modulariot/platform/storage'

/**
 * Lets so many run at a time, in the order in which they came.
 *
 * @param waitMs whoever waited for so long is refused with StoreUnavailable.
 */
export function createPlaces(places: number, waitMs: number) {
  const waiting = new Set<() => void>()
  let free = places

  async function turn(): Promise<void> {
    if (free > 0) {
      free--
      return
    }
    await new Promise<void>((resolve, reject) => {
      const enter = (): void => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        waiting.delete(enter)
        reject(new StoreUnavailable(`no change got its turn within ${waitMs} ms`))
      }, waitMs)
      waiting.add(enter)
    })
  }
  function leave(): void {
    const [next] = waiting
    if (next === undefined) {
      free++
      return
    }
    waiting.delete(next)
    next()
  }
  return async <Result>(work: () => Promise<Result>): Promise<Result> => {
    await turn()
    try {
      return await work()
    } finally {
      leave()
    }
  }
}
