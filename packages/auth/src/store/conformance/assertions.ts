/** Conformance: used client assertions. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { AuthStore } from '../store.ts'
import { type StorePromise, TOGETHER } from './samples.ts'

const use = (store: AuthStore, jti: string, until: number, nowSeconds = 0): Promise<boolean> =>
  store.useAssertion({ client_id: 'client', jti, until }, nowSeconds)

export function testAssertions(name: string, promise: StorePromise): void {
  describe(`${name}: used assertions`, TOGETHER, () => {
    promise('are distinguished from unused ones, even among concurrent uses', async (stores) => {
      const handles = [stores.store, await stores.openAnother(), await stores.openAnother()]
      const uses = [...handles, ...handles].map((store) => use(store, 'jti', 100))
      const fresh = (await Promise.all(uses)).filter((unused) => unused)
      assert.equal(fresh.length, 1)
    })

    promise('are each told apart when many are used at once, one of them twice', async (stores) => {
      const { store } = stores
      const another = await stores.openAnother()
      assert.equal(await use(store, 'jti 7', 100), true)
      const jtis = Array.from({ length: 150 }, (_, number) => `jti ${number}`)
      const uses = [...jtis, 'jti 3', 'jti 140']
      const fresh = await Promise.all(
        uses.map((jti, index) => use(index % 2 === 0 ? store : another, jti, 100)),
      )
      assert.deepEqual(
        jtis.filter((jti) => fresh.filter((unused, index) => unused && uses[index] === jti)[0]),
        jtis.filter((jti) => jti !== 'jti 7'),
      )
      assert.equal(fresh.filter((unused) => unused).length, 149)
    })

    promise('are separate for each client', async ({ store }) => {
      assert.equal(await use(store, 'jti', 100), true)
      assert.equal(await store.useAssertion({ client_id: 'x', jti: 'jti', until: 100 }, 0), true)
      assert.equal(await use(store, 'JTI', 100), true)
    })

    promise('survive the process', async ({ store, reopen }) => {
      assert.equal(await use(store, 'jti', 100), true)
      assert.equal(await use(await reopen(), 'jti', 100), false)
    })

    promise('are forgotten once they have expired, and not a second before', async ({ store }) => {
      await use(store, 'jti', 100)
      assert.equal(await use(store, 'jti', 100, 100), false)
      assert.equal(await use(store, 'jti', 200, 101), true)
    })

    promise('notify no listener, since no cache holds them', async (stores) => {
      let notifications = 0
      stores.store.onChange(() => notifications++)
      await use(stores.store, 'jti', 100)
      await use(await stores.openAnother(), 'other', 100)
      // No event announces silence: wait as long as a notification may take.
      await new Promise((resolve) => setTimeout(resolve, 1000))
      assert.equal(notifications, 0)
    })
  })
}
