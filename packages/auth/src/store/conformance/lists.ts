/** Conformance: lists of clients, with each filter, and page by page. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { ClientQuery } from '../ports/clients.ts'
import {
  allClients,
  auditedClient,
  clientIds,
  clientOf,
  newClient,
  newOrganization,
  populate,
  type StorePromise,
  TOGETHER,
} from './samples.ts'

const FLEET = [
  clientOf('a', { name: 'Ölwagen', external_id: 'ERP-1', tags: ['truck', 'north'] }),
  clientOf('b', { name: 'oil truck', status: 'disabled', tags: ['truck'] }),
  clientOf('c', { name: '100%_real', environment: 'production', tags: ['truck:small'] }),
  clientOf('D', { name: 'Van', org_id: 'org_2', external_id: 'ERP-1', tags: ['north'] }),
]

const FILTERS: readonly (readonly [Partial<ClientQuery>, readonly string[]])[] = [
  [{}, ['D', 'a', 'b', 'c', 'first']],
  [{ org_id: 'org_2' }, ['D']],
  [{ org_id: 'org_9' }, []],
  [{ environment: 'production' }, ['c']],
  [{ org_id: 'org_2', environment: 'production' }, []],
  [{ status: 'disabled' }, ['b']],
  [{ status: 'active' }, ['D', 'a', 'c', 'first']],
  [{ tag: 'truck' }, ['a', 'b']],
  [{ tag: 'TRUCK' }, []],
  [{ tag: 'truc' }, []],
  [{ tag: 'north', org_id: 'org_1' }, ['a']],
  [{ external_id: 'ERP-1' }, ['D', 'a']],
  [{ external_id: 'erp-1' }, []],
  [{ external_id: 'ERP' }, []],
  [{ search: 'TRUCK' }, ['b']],
  [{ search: 'van' }, ['D']],
  [{ search: 'öLWAGEN' }, ['a']],
  [{ search: 'erp-1' }, ['D', 'a']],
  [{ search: 'FIRS' }, ['first']],
  [{ search: '0%_R' }, ['c']],
  [{ search: '%' }, ['c']],
  [{ search: 'wa_en' }, []],
  [{ search: 'unknown' }, []],
]

export function testLists(name: string, promise: StorePromise): void {
  describe(`${name}: the list of clients`, TOGETHER, () => {
    promise('narrows by each filter, and by several at once', async ({ store }) => {
      await populate(store)
      await store.createOrganization(newOrganization({ org_id: 'org_2', name: 'B' }))
      await store.createClients(FLEET.map((client) => auditedClient(client)))
      for (const [filter, expected] of FILTERS) {
        assert.deepEqual(await clientIds(store, filter), expected, JSON.stringify(filter))
      }
    })

    promise('has each client once, in the byte order of its id', async ({ store }) => {
      await populate(store)
      const ids = ['a', 'B', 'Z', '_', '10', '9', 'é', 'z', '\uffee', '😀', 'a b', "a'b", 'aa', 'A']
      await store.createClients(ids.map((client_id) => newClient(client_id)))
      const expected = [...ids, 'first'].toSorted((a, b) =>
        Buffer.compare(Buffer.from(a), Buffer.from(b)),
      )
      for (const limit of [1, 4, 5, 14, 15, 100]) {
        const clients = await allClients(store, limit)
        assert.deepEqual(
          clients.map(({ client_id }) => client_id),
          expected,
          `${limit} a page`,
        )
      }
      const [first] = await allClients(store, 100)
      assert.deepEqual(first, clientOf('10'))
    })

    promise('continues after the cursor, with filters too', async ({ store }) => {
      await populate(store)
      const tagged = ['a', 'c', 'e'].map((id) => newClient(id, { tags: ['x'] }))
      await store.createClients([...tagged, newClient('b'), newClient('d')])
      const page = await store.listClients({ tag: 'x', after: null, limit: 2 })
      assert.equal(page.next, 'c')
      // Created between two pages: clients after the cursor are seen, those before it are not.
      await store.createClients([
        newClient('aa', { tags: ['x'] }),
        newClient('cc', { tags: ['x'] }),
      ])
      const rest = await store.listClients({ tag: 'x', after: page.next, limit: 2 })
      assert.deepEqual(
        rest.clients.map(({ client_id }) => client_id),
        ['cc', 'e'],
      )
      assert.equal(rest.next, null)
    })
  })
}
