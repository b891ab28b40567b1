/** Conformance: usage is summed, whichever process adds to it and when. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import {
  type AddressUse,
  addUsage,
  type ClientUsage,
  MAX_ADDRESSES,
  noUsage,
  type OwnedSecretUsage,
  usageOfToken,
} from '../../records/usage.ts'
import { sampleSecret } from '../../testing/sample-client.ts'
import type { AuthStore } from '../store.ts'
import { newClient, populate, type StorePromise, TOGETHER } from './samples.ts'

const token = (client_id: string, iat: number, early = false): ClientUsage =>
  usageOfToken(client_id, { iat, lifetimeSeconds: 86_400, early })

const used = (uses: number, hour: string): OwnedSecretUsage => ({
  client_id: 'first',
  secret_id: 'secret_first',
  uses,
  last_used_at: `2026-05-01T${hour}:00:00.000Z`,
  address: `192.0.2.${Number(hour)}`,
  user_agent: hour === '11' ? null : 'agent',
})

/** As it is read: without its client. */
const counted = ({ client_id: _, ...usage }: OwnedSecretUsage) => usage

/** @param hour of its first login; the last is an hour later. */
const from = (host: number, hour: number, client_id = 'first'): AddressUse => ({
  ...{ client_id, address: `192.0.2.${host}`, logins: 1 },
  ...{ first_seen: hour * 3600, last_seen: (hour + 1) * 3600 },
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
      await stores.store.createClients(clients.map((id) => newClient(id)))
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
      assert.deepEqual(secrets, [counted(used(30, '10'))])
    })

    promise('keeps the last use of a secret, in any order of writing', async ({ store }) => {
      await populate(store)
      for (const use of [used(1, '11'), used(2, '10'), used(3, '09')]) {
        await store.addUsage({ clients: [], secrets: [use] })
      }
      assert.deepEqual((await store.usageOf('first')).secrets, [counted(used(6, '11'))])
      await store.addUsage({ clients: [], secrets: [used(1, '10'), used(1, '12')] })
      assert.deepEqual((await store.usageOf('first')).secrets, [counted(used(8, '12'))])
    })
  })

  describe(`${name}: what belongs to a client`, TOGETHER, () => {
    promise('is counted once, beside what is new', async ({ store }) => {
      await populate(store)
      const secrets = ['old', 'new'].map((secret_id) => sampleSecret(secret_id))
      await store.createClients([newClient('both', { secrets })])
      const use = (secret_id: string) => ({ ...used(1, '10'), client_id: 'both', secret_id })
      await store.addUsage({ clients: [], secrets: [use('old')], addresses: [from(1, 5, 'both')] })
      await store.addUsage({
        clients: [token('both', 1000)],
        secrets: [use('old'), use('new'), use('removed'), { ...use('x'), client_id: 'unknown' }],
        addresses: [from(1, 5, 'both'), from(2, 5, 'both')],
      })
      await store.addUsage({
        clients: [token('both', 1000)],
        secrets: [use('old'), use('new'), use('removed')],
        addresses: [from(1, 5, 'both'), from(2, 5, 'both'), from(3, 5, 'both')],
      })
      const { client, secrets: counts } = await store.usageOf('both')
      assert.equal(client?.tokens_issued, 2)
      const uses = counts.map(({ secret_id, uses }) => [secret_id, uses]).sort()
      assert.deepEqual(uses, [
        ['new', 2],
        ['old', 3],
      ])
      const logins = (await store.addressesOf('both')).map(({ logins }) => logins)
      assert.deepEqual(logins, [3, 2, 1])
    })
  })

  describe(`${name}: the addresses of a client`, TOGETHER, () => {
    const add = (store: AuthStore, addresses: readonly AddressUse[]) =>
      store.addUsage({ clients: [], secrets: [], addresses })

    promise('come back with their logins, the last first', async ({ store }) => {
      await populate(store)
      for (const client_id of ['first', 'unknown', 'a\0b']) {
        assert.deepEqual(await store.addressesOf(client_id), [])
      }
      await add(store, [from(1, 5), from(2, 7), from(2, 6), from(9, 6, 'unknown')])
      await add(store, [from(1, 4)])
      assert.deepEqual(await store.addressesOf('first'), [
        { ...from(2, 6), last_seen: 8 * 3600, logins: 2 },
        { ...from(1, 4), last_seen: 6 * 3600, logins: 2 },
      ])
      assert.deepEqual(await store.addressesOf('unknown'), [])
    })

    promise('are the last ones, however many there were', async ({ store }) => {
      await populate(store)
      await store.createClients([newClient('other')])
      const many = Array.from({ length: MAX_ADDRESSES + 20 }, (_, host) => from(host, host))
      await add(store, [from(1, 1, 'other'), ...many])
      await add(store, [from(100, 0), from(101, 99)])
      const kept = await store.addressesOf('first')
      assert.deepEqual(
        kept.map(({ address }) => address),
        [from(101, 99), ...many.toReversed()].slice(0, MAX_ADDRESSES).map((one) => one.address),
      )
      assert.equal((await store.addressesOf('other')).length, 1)
    })

    promise('lose no login when several processes add at the same time', async (stores) => {
      const handles = [stores.store, await stores.openAnother(), await stores.openAnother()]
      await populate(stores.store)
      const hosts = Array.from({ length: MAX_ADDRESSES }, (_, host) => host)
      await Promise.all(
        Array.from({ length: 15 }, (_, turn) => {
          const ordered = turn % 2 === 0 ? hosts : hosts.toReversed()
          return add(
            handles[turn % 3] as AuthStore,
            ordered.map((host) => from(host, turn)),
          )
        }),
      )
      const kept = await stores.store.addressesOf('first')
      assert.equal(kept.length, MAX_ADDRESSES)
      const all = { first_seen: 0, last_seen: 15 * 3600, logins: 15 }
      for (const { address, client_id, ...use } of kept) assert.deepEqual(use, all, address)
    })

    promise('are swept once they are old', async ({ store }) => {
      await populate(store)
      await add(store, [from(1, 1), from(2, 2), from(3, 3)])
      assert.equal(await store.sweepActivity(2 * 3600, 100, 10), 0)
      assert.equal(await store.sweepActivity(4 * 3600, 100, 1), 1)
      assert.equal(await store.sweepActivity(4 * 3600, 100, 10), 1)
      assert.deepEqual(await store.addressesOf('first'), [from(3, 3)])
    })
  })
}
