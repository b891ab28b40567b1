/** Conformance: changes to a client write the client, its version and the entry as one. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { StoreConflict } from '@modulariot/platform/storage'
import type { Client } from '../../records/client.ts'
import {
  auditedClient,
  clientIds,
  clientOf,
  countUp,
  newClient,
  populate,
  type StorePromise,
  TOGETHER,
  trailOf,
} from './samples.ts'

export function testUpdates(name: string, promise: StorePromise): void {
  describe(`${name}: a change of a client`, TOGETHER, () => {
    promise('stores what the updater returned, with its entry', async ({ store }) => {
      await populate(store)
      const updated = await store.updateClient('first', (current) => {
        assert.deepEqual(current, clientOf('first'))
        const next = { ...current, name: 'New', status: 'disabled', version: 2 } as const
        return auditedClient(next, { action: 'client.updated', before: current, after: next })
      })
      const expected = clientOf('first', { name: 'New', status: 'disabled', version: 2 })
      assert.deepEqual(updated, expected)
      const { clients } = await store.listClients({ after: null, limit: 10 })
      assert.deepEqual(clients, [expected])
      assert.equal((await store.findClient('first'))?.name, 'New')
      const entry = (await trailOf(store)).at(-1)
      assert.equal(entry?.action, 'client.updated')
      assert.deepEqual(entry?.before, clientOf('first'))
      assert.deepEqual(entry?.after, expected)
    })

    promise(
      'whose updater throws does not happen, and the error comes out unchanged',
      async (stores) => {
        const { store } = stores
        await populate(store)
        const fault = new Error('no')
        const update = (): never => {
          throw fault
        }
        await assert.rejects(store.updateClient('first', update), fault)
        assert.deepEqual((await store.listClients({ after: null, limit: 10 })).clients, [
          clientOf('first'),
        ])
        assert.equal((await trailOf(store)).length, 4)
        await store.updateClient('first', countUp)
      },
    )

    promise('of an unknown client returns null and writes nothing', async ({ store }) => {
      await populate(store)
      const update = (): never => assert.fail('there is nothing to update')
      assert.equal(await store.updateClient('unknown', update), null)
      assert.deepEqual(await clientIds(store), ['first'])
      assert.equal((await trailOf(store)).length, 4)
    })

    promise('moves its external_id: the new one is taken, the old one free', async ({ store }) => {
      await populate(store)
      await store.createClients([newClient('a', { external_id: 'old' })])
      await store.updateClient('a', (current) => auditedClient({ ...current, external_id: 'new' }))
      assert.deepEqual(await clientIds(store, { external_id: 'new' }), ['a'])
      assert.deepEqual(await clientIds(store, { external_id: 'old' }), [])
      const outcomes = await store.createClients([
        newClient('b', { external_id: 'old' }),
        newClient('c', { external_id: 'new' }),
      ])
      assert.deepEqual(
        outcomes.map(({ created }) => created),
        [true, false],
      )
    })

    promise(
      'to an external_id that is taken is a conflict and writes nothing',
      async ({ store }) => {
        await populate(store)
        await store.createClients([newClient('a', { external_id: 'taken' })])
        const take = store.updateClient('first', (current) =>
          auditedClient({ ...current, external_id: 'taken' }),
        )
        await assert.rejects(take, StoreConflict)
        assert.equal((await store.findClient('first'))?.external_id, null)
        assert.equal((await trailOf(store)).length, 5)
      },
    )

    promise('is based on what is stored, whatever its updater got before', async (stores) => {
      const { store } = stores
      const another = await stores.openAnother()
      await populate(store)
      // Both run at once; whichever is second must see the first one's tags.
      const tag = (name: string) => (current: Client) =>
        auditedClient({ ...current, tags: [...current.tags, name] })
      await Promise.all([
        ...['a', 'b', 'c'].map((name) => store.updateClient('first', tag(name))),
        ...['d', 'e', 'f'].map((name) => another.updateClient('first', tag(name))),
      ])
      const tags = (await store.findClient('first'))?.tags ?? []
      assert.deepEqual(tags.toSorted(), ['a', 'b', 'c', 'd', 'e', 'f'])
    })

    promise('is never lost to a concurrent one', async (stores) => {
      const handles = [stores.store, await stores.openAnother(), await stores.openAnother()]
      await populate(stores.store)
      const rounds = 10
      const versions = await Promise.all(
        Array.from({ length: rounds }, () => handles)
          .flat()
          .map(async (store) => (await store.updateClient('first', countUp))?.version),
      )
      const changes = rounds * handles.length
      assert.equal(new Set(versions).size, changes)
      assert.equal((await stores.store.findClient('first'))?.version, 1 + changes)
      const seen = (await trailOf(stores.store)).slice(4).map(({ after }) => after)
      assert.deepEqual(
        seen,
        Array.from({ length: changes }, (_, index) => index + 2),
      )
    })
  })
}
