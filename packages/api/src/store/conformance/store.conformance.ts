/**
 * The conformance suite of the store port, which every adapter runs.
 *
 * Tests use only the port. A second handle on the same data represents another process.
 */

import { promiseOf, type TestStore } from '@modulariot/platform/testing/store-promises'
import type { TelemetryStore } from '../store.ts'
import { testAssetState, testTenants } from './assets.ts'
import { testBuckets } from './buckets.ts'
import { testChunks } from './chunks.ts'
import { derivingStores } from './derived.ts'
import { testDurability } from './durability.ts'
import { testErasure } from './erasure.ts'
import { testEvents, testFeed } from './events.ts'
import { testIsolation } from './isolation.ts'
import { testLargeRows } from './large-rows.ts'
import { testLengths } from './lengths.ts'
import { testRequests } from './requests.ts'
import { testRetention } from './retention.ts'
import { testMetrics, testPositions } from './series.ts'

export function testTelemetryStore(
  name: string,
  open: () => Promise<TestStore<TelemetryStore>>,
): void {
  const promise = promiseOf(open)
  testRequests(name, promise)
  testAssetState(name, promise)
  testTenants(name, promise)
  testIsolation(name, promise)
  testPositions(name, promise)
  testMetrics(name, promise)
  testBuckets(name, promise)
  testChunks(name, promise)
  testEvents(name, promise)
  testFeed(name, promise)
  testLargeRows(name, promise)
  testLengths(name, promise)
  testRetention(name, promise)
  testErasure(name, promise)
  testDurability(name, promise)
}

/** What might differ on a store whose rows are partly in chunks: its answers must be the same. */
export function testDerivedStore(
  name: string,
  open: () => Promise<TestStore<TelemetryStore>>,
): void {
  const promise = promiseOf(derivingStores(open))
  testIsolation(name, promise)
  testPositions(name, promise)
  testMetrics(name, promise)
  testBuckets(name, promise)
  testLargeRows(name, promise)
  testLengths(name, promise)
  testRetention(name, promise)
  testErasure(name, promise)
  testDurability(name, promise)
}
