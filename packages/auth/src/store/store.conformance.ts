/**
 * What every adapter of the store port must keep, as tests that any of them runs.
 *
 * They speak through the port alone. A second handle on the same data stands for another process.
 */

import { it } from 'node:test'
import { testAssertions } from './conformance/assertions.ts'
import { testAuthority } from './conformance/authority.ts'
import { testChanges } from './conformance/changes.ts'
import { testAudiences, testNewClients, testOrganizations } from './conformance/clients.ts'
import { testDurability } from './conformance/durability.ts'
import { testSigningKeys } from './conformance/keys.ts'
import { testLists } from './conformance/lists.ts'
import { testQuotas } from './conformance/quotas.ts'
import { testRevocations } from './conformance/revocations.ts'
import type { StorePromise } from './conformance/samples.ts'
import { testTrail } from './conformance/trail.ts'
import { testUpdates } from './conformance/updates.ts'
import { testUsage } from './conformance/usage.ts'
import type { AuthStore } from './store.ts'

/** An empty store in a place of its own. */
export interface StorePlace {
  readonly store: AuthStore
  /** Another handle on the same data. */
  openAnother(): Promise<AuthStore>
  /** Removes the place; the handles have been closed. */
  destroy(): Promise<void>
}

export function testAuthStore(name: string, open: () => Promise<StorePlace>): void {
  const promise = promiseOf(open)
  testOrganizations(name, promise)
  testAudiences(name, promise)
  testNewClients(name, promise)
  testLists(name, promise)
  testUpdates(name, promise)
  testAuthority(name, promise)
  testTrail(name, promise)
  testSigningKeys(name, promise)
  testAssertions(name, promise)
  testQuotas(name, promise)
  testRevocations(name, promise)
  testUsage(name, promise)
  testChanges(name, promise)
  testDurability(name, promise)
}

/** A test with an empty store, all of whose handles are closed afterwards. */
function promiseOf(open: () => Promise<StorePlace>): StorePromise {
  return (sentence, run) => {
    it(sentence, async () => {
      const place = await open()
      let opened = [place.store]
      async function openAnother(): Promise<AuthStore> {
        const another = await place.openAnother()
        opened.push(another)
        return another
      }
      async function closeAll(): Promise<void> {
        const closing = opened
        opened = []
        for (const store of closing) await store.close()
      }
      async function reopen(): Promise<AuthStore> {
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
