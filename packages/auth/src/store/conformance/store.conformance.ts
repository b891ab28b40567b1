/**
 * What every adapter of the store port must keep, as tests that any of them runs.
 *
 * They speak through the port alone. A second handle on the same data stands for another process.
 */

import { it } from 'node:test'
import type { AuthStore } from '../store.ts'
import { testAssertions } from './assertions.ts'
import { testAuthority } from './authority.ts'
import { testChanges } from './changes.ts'
import { testAudiences, testNewClients, testOrganizations } from './clients.ts'
import { testDurability } from './durability.ts'
import { testSigningKeys } from './keys.ts'
import { testLists } from './lists.ts'
import { testQuotas } from './quotas.ts'
import { testRevocations } from './revocations.ts'
import type { StorePromise } from './samples.ts'
import { testTrail } from './trail.ts'
import { testUpdates } from './updates.ts'
import { testUsage } from './usage.ts'

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
