/** Conformance: usage is summed, whichever process adds to it and when. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import {
  addUsage,
  type ClientUsage,
  noUsage,
  type SecretUsage,
  usageOfToken,
} from '../../records/usage.ts'
import type { AuthStore } from '../store.ts'
import { populate, type StorePromise, TOGETHER } from './samples.ts'

const token = (client_id: string, iat: number, early = false): ClientUsage =>
  usageOfToken(client_id, { iat, lifetimeSeconds: 86_400, early })

const used = (uses: number, hour: string): SecretUsage => ({
  secret_id: 'secret_first',
  uses,
  last_used_at: `2026-05-01T${hour}:00:00.000Z`,
  address: `192.0.2.${Number(hour)}`,
  user_agent: hour === '11' ? null : 'agent',
})

export function testUsage(name: string, promise: StorePromise): void {
  describe(`${name}: usage`, TOGETHER, () => {
    promise('is empty at first', async ({ store }) => {
      await populate(store)
      await store.addUsage({ clients: [], secrets: [] })
      for (const client_id of ['first', 'unknown', 'a\0b']) {
        assert.deepEqual(await store.usageOf(client_id), { client: null, secrets: [] })
      }
      const query = { tokens_early: 0, after: null, limit: 10 }
      assert.deepEqual(await store.listUsage(query), { clients: [], next: null })
    })

    promise('adds up, even for a client named twice in one batch', async ({ store }) => {
      await populate(store)
      const parts = [token('first', 1000), token('first', 90_000, true), token('first', 2000)]
      await store.addUsage({ clients: parts, secrets: [] })
      await store.addUsage({ clients: parts, secrets: [] })
      const all = [...parts, ...parts].reduce(addUsage, noUsage('first'))
      assert.deepEqual((await store.usageOf('first')).client, all)
    })

    promise('loses nothing when several processes add at the same time', async (stores) => {
      const handles = [stores.store, await stores.openAnother(), await stores.openAnother()]
      await populate(stores.store)
      const clients = Array.from({ length: 8 }, (_, index) => `c${index}`)
      await Promise.all(
        Array.from({ length: 30 }, (_, turn) => {
          // In another order each time, as in memory.
          const ids = turn % 2 === 0 ? clients : clients.toReversed()
          const batch = ids.map((client_id) => token(client_id, 1000 + turn))
          const store = handles[turn % 3] as AuthStore
          return store.addUsage({ clients: batch, secrets: [used(1, '10')] })
        }),
      )
      for (const client_id of clients) {
        assert.equal((await stores.store.usageOf(client_id)).client?.tokens_issued, 30)
      }
      const { secrets } = await stores.store.usageOf('first')
      assert.deepEqual(secrets, [used(30, '10')])
    })

    promise('keeps the last use of a secret, in any order of writing', async ({ store }) => {
      await populate(store)
      for (const use of [used(1, '11'), used(2, '10'), used(3, '09')]) {
        await store.addUsage({ clients: [], secrets: [use] })
      }
      assert.deepEqual((await store.usageOf('first')).secrets, [used(6, '11')])
      await store.addUsage({ clients: [], secrets: [used(1, '10'), used(1, '12')] })
      assert.deepEqual((await store.usageOf('first')).secrets, [used(8, '12')])
    })
  })
}
