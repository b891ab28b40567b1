/** Runs the suite on stores whose rows are partly in chunks: their answers must be the same. */

import type { TestStore } from '@modulariot/platform/testing/store-promises'
import type { TelemetryStore } from '../store.ts'
import { NOW_MS } from './samples.ts'

/** Samples are more than a day old then, so that few of them are worth a chunk. */
export const LATER_MS = NOW_MS + 28 * 3_600_000

/** Of every two batches, the second stays in the tables until the next two. */
function deriving(store: TelemetryStore): TelemetryStore {
  let appends = 0
  let closed = false
  let maintaining = 0
  let moved: Promise<unknown> = Promise.resolve()
  const changed: Pick<TelemetryStore, 'append' | 'close' | 'maintain'> = {
    async append(batch) {
      const outcomes = await store.append(batch)
      if (appends++ % 2 === 0 && maintaining === 0) {
        moved = Promise.all([moved, store.maintain(LATER_MS, null).catch(unlessClosed)])
        await moved
      }
      return outcomes
    },
    // On PostgreSQL maintenance that meets another leaves the rest to the next hour.
    async maintain(...args) {
      maintaining++
      try {
        await moved
        return await store.maintain(...args)
      } finally {
        maintaining--
      }
    },
    close() {
      closed = true
      return store.close()
    },
  }
  /** A test may close the store while it appends. */
  function unlessClosed(error: unknown): void {
    if (!closed) throw error
  }
  return new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(name in changed ? changed : target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

export function derivingStores(
  open: () => Promise<TestStore<TelemetryStore>>,
): () => Promise<TestStore<TelemetryStore>> {
  return async () => {
    const test = await open()
    return {
      ...test,
      store: deriving(test.store),
      openAnother: async () => deriving(await test.openAnother()),
    }
  }
}
