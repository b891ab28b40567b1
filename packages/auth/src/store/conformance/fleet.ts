/** Conformance: clients read for logins. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { AuthStore } from '../store.ts'
import {
  ADMIN,
  clientOf,
  countUp,
  deleted,
  newAudience,
  newClient,
  populate,
  type StorePromise,
  TOGETHER,
  TRACK,
} from './samples.ts'

/** The ids of what is read. */
async function idsRead(store: AuthStore, client_ids: string[], decoy: string) {
  const clients = await store.readClients(client_ids, decoy)
  return clients.map((client) => client?.client_id ?? null)
}

export function testFleet(name: string, promise: StorePromise): void {
  describe(`${name}: clients read for logins`, TOGETHER, () => {
    promise('are what findClient finds, in the order of their ids', async ({ store }) => {
      await populate(store)
      const grants = [TRACK, ADMIN].map(({ audience, scopes }) => ({ audience, scopes }))
      const nowhere = { audience: 'https://nowhere.example', scopes: ['a'] }
      await store.createClients([
        newClient('a', { grants }),
        newClient('b', { grants: [nowhere] }),
        newClient('c', { grants: [] }),
      ])
      const ids = ['c', 'a', 'first', 'b', 'a']
      const found = await Promise.all(ids.map((id) => store.findClient(id)))
      assert.deepEqual(await store.readClients(ids, 'first'), found)
      assert.equal(found[1]?.grants.length, 2)
      assert.deepEqual(await store.readClients([], 'first'), [])
    })

    promise('are the same where there are many audiences', async ({ store }) => {
      await populate(store)
      const names = Array.from({ length: 40 }, (_, number) => `https://api.example/${number}`)
      const grants = names.map((audience) => ({ audience, scopes: TRACK.scopes }))
      await store.createClients([newClient('a', { grants })])
      const ids = ['a', 'first', 'unknown']
      for (const audience of names) {
        await store.createAudience(newAudience({ ...TRACK, audience }))
        const found = await Promise.all(['a', 'first', 'first'].map((id) => store.findClient(id)))
        assert.deepEqual(await store.readClients(ids, 'first'), found)
      }
    })

    promise('are the decoy where there is no such client', async ({ store }) => {
      await populate(store)
      await store.createClients([newClient('a'), newClient('b')])
      const ids = ['unknown', 'b', 'A', 'b ', '', 'b\0', '%', '"', "'", '\ud800', 'ñ']
      const expected = ids.map((id) => (id === 'b' ? 'b' : 'a'))
      assert.deepEqual(await idsRead(store, ids, 'a'), expected)
      const none = ids.map((id) => (id === 'b' ? 'b' : null))
      assert.deepEqual(await idsRead(store, ids, 'gone'), none)
    })

    promise('are as the last change left them, by this or another process', async (stores) => {
      const { store } = stores
      const another = await stores.openAnother()
      await populate(store)
      await store.createClients([newClient('a')])
      await store.readClients(['a'], 'first')
      await another.updateClient('a', countUp)
      await another.updateAudience(TRACK.audience, () =>
        newAudience({ ...TRACK, token_lifetime_seconds: 90 }),
      )
      const [changed] = await store.readClients(['a'], 'first')
      assert.equal(changed?.version, clientOf('a').version + 1)
      assert.equal(changed?.grants[0]?.token_lifetime_seconds, 90)
      await another.deleteClient('a', deleted)
      assert.deepEqual(await idsRead(store, ['a'], 'first'), ['first'])
    })

    promise('may be many at once', async ({ store }) => {
      await populate(store)
      const ids = Array.from({ length: 300 }, (_, number) => `client_${number}`)
      await store.createClients(ids.map((id) => newClient(id)))
      const asked = ids.toReversed()
      assert.deepEqual(await idsRead(store, asked, 'first'), asked)
    })
  })
}
