/** Work that would queue anyway queues here, without holding a connection. */

import { StoreUnavailable } from '@modulariot/platform/storage'

/**
 * Runs at most `places` at a time, in order of arrival.
 *
 * @param waitMs work that has waited this long fails with StoreUnavailable.
 */
export function createSemaphore(places: number, waitMs: number) {
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
