/** Conformance: a deleted client leaves its trail and its revocation, and nothing else. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { usageOfToken } from '../../records/usage.ts'
import { sampleSecret } from '../../testing/sample-client.ts'
import {
  clientIds,
  countUp,
  deleted,
  newClient,
  populate,
  type StorePromise,
  TOGETHER,
  trailOf,
} from './samples.ts'

const TOKEN = { iat: 1000, lifetimeSeconds: 60, early: false }
const USE = {
  ...{ uses: 1, last_used_at: '2026-05-01T10:00:00.000Z' },
  ...{ address: '192.0.2.1', user_agent: null },
}
const LOGIN = { address: '192.0.2.1', first_seen: 1000, last_seen: 2000, logins: 1 }
const EVERYTHING = { after: null, limit: 10, nowSeconds: 0 }

export function testDeletions(name: string, promise: StorePromise): void {
  describe(`${name}: the deletion of a client`, TOGETHER, () => {
    promise('removes it and its counters, and puts it on the feed', async ({ store }) => {
      await populate(store)
      const secrets = [sampleSecret('s1')]
      await store.createClients([newClient('gone', { external_id: 'ERP-1', secrets })])
      const token = { iat: 1000, lifetimeSeconds: 60, early: false }
      const by = { uses: 1, last_used_at: '2026-05-01T10:00:00.000Z', address: '192.0.2.1' }
      await store.addUsage({
        clients: [usageOfToken('gone', token), usageOfToken('first', token)],
        secrets: [{ client_id: 'gone', secret_id: 's1', user_agent: null, ...by }],
      })
      await store.useAssertion({ client_id: 'gone', jti: 'a', until: 60 }, 0)

      assert.equal((await store.deleteClient('gone', deleted))?.client_id, 'gone')
      assert.equal(await store.findClient('gone'), null)
      assert.deepEqual(await clientIds(store), ['first'])
      assert.deepEqual(await store.usageOf('gone'), { client: null, secrets: [] })
      assert.equal((await store.usageOf('first')).client?.tokens_issued, 1)
      assert.equal((await trailOf(store)).at(-1)?.action, 'client.deleted')
      const { revocations } = await store.readRevocations(EVERYTHING)
      assert.deepEqual(revocations, [
        { kind: 'client', client_id: 'gone', issued_until: 100, expires: 200 },
      ])
      // Its external id is free, and a client that gets its secret id starts at zero.
      const again = await store.createClients([newClient('new', { external_id: 'ERP-1', secrets })])
      assert.deepEqual(again, [{ created: true }])
      assert.deepEqual((await store.usageOf('new')).secrets, [])
    })

    promise(
      'leaves no counter, whenever the counters of its last requests are written',
      async (stores) => {
        const { store } = stores
        await populate(store)
        const other = await stores.openAnother()
        const ids = Array.from({ length: 20 }, (_, index) => `gone_${index}`)
        const secretsOf = (id: string) => [sampleSecret(`secret_of_${id}`)]
        await store.createClients(ids.map((id) => newClient(id, { secrets: secretsOf(id) })))
        const usage = {
          clients: [...ids, 'first'].map((id) => usageOfToken(id, TOKEN)),
          secrets: ids.map((id) => ({ client_id: id, secret_id: `secret_of_${id}`, ...USE })),
          addresses: ids.map((client_id) => ({ client_id, ...LOGIN })),
        }
        // The counters of half of them have rows already.
        await store.addUsage({
          clients: usage.clients.slice(10),
          secrets: usage.secrets.slice(10),
          addresses: usage.addresses.slice(10),
        })
        const deletions = ids.map((id) => store.deleteClient(id, deleted))
        await Promise.all([other.addUsage(usage), ...deletions, other.addUsage(usage)])
        await store.addUsage(usage)
        // A client under the same id starts at zero.
        await store.createClients(ids.map((id) => newClient(id, { secrets: secretsOf(id) })))
        for (const id of ids) {
          assert.deepEqual(await store.usageOf(id), { client: null, secrets: [] }, id)
          assert.deepEqual(await store.addressesOf(id), [], id)
        }
        assert.equal((await store.usageOf('first')).client?.tokens_issued, 4)
      },
    )

    promise('of a secret removes its counters too, and later ones', async ({ store }) => {
      await populate(store)
      const secrets = [sampleSecret('kept'), sampleSecret('revoked')]
      await store.createClients([newClient('two', { secrets })])
      const used = secrets.map(({ secret_id }) => ({ client_id: 'two', secret_id, ...USE }))
      await store.addUsage({ clients: [], secrets: used })
      const replace = (kept: typeof secrets) =>
        store.updateClient('two', (current) => countUp({ ...current, secrets: kept }))
      await replace(secrets.slice(0, 1))
      await store.addUsage({ clients: [], secrets: used })
      await replace(secrets)
      const counted = (await store.usageOf('two')).secrets
      assert.deepEqual(
        counted.map(({ secret_id, uses }) => [secret_id, uses]),
        [['kept', 2]],
      )
    })

    promise('of an unknown client returns null and writes nothing', async ({ store }) => {
      await populate(store)
      const remove = (): never => assert.fail('there is nothing to delete')
      for (const client_id of ['unknown', '', 'a\0b']) {
        assert.equal(await store.deleteClient(client_id, remove), null)
      }
      assert.equal((await trailOf(store)).length, 4)
    })

    promise('whose `remove` throws does not happen', async ({ store }) => {
      await populate(store)
      const fault = new Error('no')
      const remove = (): never => {
        throw fault
      }
      await assert.rejects(store.deleteClient('first', remove), fault)
      assert.deepEqual(await clientIds(store), ['first'])
      assert.equal((await trailOf(store)).length, 4)
    })

    promise('happens once when several processes delete it', async (stores) => {
      const handles = [stores.store, await stores.openAnother(), await stores.openAnother()]
      await populate(stores.store)
      const answers = await Promise.all(handles.map((one) => one.deleteClient('first', deleted)))
      assert.equal(answers.filter((answer) => answer !== null).length, 1)
      assert.equal((await trailOf(stores.store)).length, 5)
    })
  })
}
