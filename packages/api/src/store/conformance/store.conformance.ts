/**
 * What every adapter of the store port must keep, as tests that any of them runs.
 *
 * They speak through the port alone. A second handle on the same data stands for another process.
 */

import { it } from 'node:test'
import type { TelemetryStore } from '../store.ts'
import { testAssetState, testTenants } from './assets.ts'
import { testBuckets } from './buckets.ts'
import { testDurability } from './durability.ts'
import { testEvents, testFeed } from './events.ts'
import { testIsolation } from './isolation.ts'
import { testLargeRows } from './large-rows.ts'
import { testLengths } from './lengths.ts'
import { testRequests } from './requests.ts'
import { testRetention } from './retention.ts'
import type { StorePromise } from './samples.ts'
import { testMetrics, testPositions } from './series.ts'

/** An empty store in a place of its own. */
export interface StorePlace {
  readonly store: TelemetryStore
  /** Another handle on the same data. */
  openAnother(): Promise<TelemetryStore>
  /** Removes the place; the handles have been closed. */
  destroy(): Promise<void>
}

export function testTelemetryStore(name: string, open: () => Promise<StorePlace>): void {
  const promise = promiseOf(open)
  testRequests(name, promise)
  testAssetState(name, promise)
  testTenants(name, promise)
  testIsolation(name, promise)
  testPositions(name, promise)
  testMetrics(name, promise)
  testBuckets(name, promise)
  testEvents(name, promise)
  testFeed(name, promise)
  testLargeRows(name, promise)
  testLengths(name, promise)
  testRetention(name, promise)
  testDurability(name, promise)
}

/** A test with an empty store, all of whose handles are closed afterwards. */
export function promiseOf(open: () => Promise<StorePlace>): StorePromise {
  return (sentence, run) => {
    it(sentence, async () => {
      const place = await open()
      let opened = [place.store]
      async function openAnother(): Promise<TelemetryStore> {
        const another = await place.openAnother()
        opened.push(another)
        return another
      }
      async function closeAll(): Promise<void> {
        const closing = opened
        opened = []
        for (const store of closing) await store.close()
      }
      async function reopen(): Promise<TelemetryStore> {
        await closeAll()
        return openAnother()
      }
      try {
        await run({ store: place.store, openAnother, reopen })
      } finally {
        await closeAll()
        await place.destroy()
      }
    })
  }
}
