/** Conformance: lists of clients, with each filter, and page by page. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { usageOfToken } from '../../records/usage.ts'
import { sampleSecret } from '../../testing/sample-client.ts'
import type { ClientQuery } from '../ports/clients.ts'
import { refusalAt } from './activity.ts'
import {
  allClients,
  auditedClient,
  clientIds,
  clientOf,
  countUp,
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

const SECRET = sampleSecret('s1')
const ENDING = [
  clientOf('ends', { secrets: [SECRET, { ...SECRET, expires_at: '2026-06-01T00:00:00.000Z' }] }),
  clientOf('ended', { secrets: [{ ...SECRET, expires_at: '2026-04-01T00:00:00.000Z' }] }),
  clientOf('endless'),
]

const created_at = '2026-03-01T00:00:00.000Z'
const AGED = [
  clientOf('idle', { created_at, tags: ['aged'] }),
  clientOf('busy', { created_at, tags: ['aged'] }),
  clientOf('introspects', { created_at, tags: ['aged'], secrets: [sampleSecret('s9')] }),
  clientOf('new', { created_at: '2026-05-01T00:00:00.000Z', tags: ['aged'] }),
]

/** Of the clients above: `busy` got a token in April, `introspects` used its secret in May. */
const BY_USE: readonly (readonly [Partial<ClientQuery>, readonly string[]])[] = [
  [{ never_used: true }, ['idle', 'new']],
  [{ unused_since: created_at }, []],
  [{ unused_since: '2026-03-15T00:00:00.000Z' }, ['idle']],
  [{ unused_since: '2026-04-15T00:00:00.000Z' }, ['busy', 'idle']],
  [{ unused_since: '2026-06-01T00:00:00.000Z' }, ['busy', 'idle', 'introspects', 'new']],
  [{ never_used: true, unused_since: '2026-04-15T00:00:00.000Z' }, ['idle']],
]

export function testLists(name: string, promise: StorePromise): void {
  describe(`${name}: the list of clients`, TOGETHER, () => {
    promise('has the last use of each, and narrows by it', async ({ store }) => {
      await populate(store)
      await store.createClients(AGED.map((client) => auditedClient(client)))
      const issued = Date.parse('2026-04-01T00:00:00Z') / 1000
      const token = { iat: issued, lifetimeSeconds: 86_400, early: false }
      const by = { uses: 1, address: '192.0.2.1', user_agent: null }
      const last_used_at = '2026-05-01T10:00:00.000Z'
      await store.addUsage({
        clients: [usageOfToken('busy', token)],
        secrets: [{ client_id: 'introspects', secret_id: 's9', last_used_at, ...by }],
      })
      for (const [filter, expected] of BY_USE) {
        const ids = await clientIds(store, { tag: 'aged', ...filter })
        assert.deepEqual(ids, expected, JSON.stringify(filter))
      }
      const { lastUses } = await store.listClients({ after: null, limit: 10 })
      assert.deepEqual(Object.fromEntries(lastUses), {
        busy: '2026-04-01T00:00:00.000Z',
        introspects: last_used_at,
      })
    })

    promise('narrows by when a secret ends, and by refused requests', async ({ store }) => {
      await populate(store)
      await store.createClients(ENDING.map((client) => auditedClient(client)))
      const from = '2026-05-01T00:00:00.000Z'
      const ending = (before: string) => clientIds(store, { secret_ends: { from, before } })
      assert.deepEqual(await ending('2026-06-01T00:00:00.001Z'), ['ends'])
      assert.deepEqual(await ending('2026-06-01T00:00:00.000Z'), [])
      await store.addRefusals([
        refusalAt(0, { client_id: 'ends' }),
        refusalAt(60, { client_id: 'endless' }),
      ])
      const failing = (since: string) => clientIds(store, { failing_since: since })
      assert.deepEqual(await failing('2026-05-01T00:00:00.000Z'), ['endless', 'ends'])
      assert.deepEqual(await failing('2026-05-01T11:00:00.000Z'), ['endless'])
      assert.deepEqual(await failing('2026-05-01T12:00:00.000Z'), [])
    })

    promise('narrows by each filter, and by several at once', async ({ store }) => {
      await populate(store)
      await store.createOrganization(newOrganization({ org_id: 'org_2', name: 'B' }))
      await store.createClients(FLEET.map((client) => auditedClient(client)))
      for (const [filter, expected] of FILTERS) {
        assert.deepEqual(await clientIds(store, filter), expected, JSON.stringify(filter))
      }
    })

    promise('finds a client by its present name, id and tags only', async ({ store }) => {
      await populate(store)
      await store.createClients([
        newClient('a', { name: 'Before', external_id: 'old-1', tags: ['x'] }),
      ])
      const changes = {
        name: 'ÑANDÚ',
        external_id: 'new-1',
        tags: ['y'],
        status: 'disabled',
      } as const
      await store.updateClient('a', (current) => countUp({ ...current, ...changes }))
      const found = ['ñandú', 'NEW-1', 'ú', '\n', 'a\nnew'].map((search) => ({ search }))
      const filters = [...found, { tag: 'y' }, { status: 'disabled' }] as const
      const lost = [{ search: 'before' }, { search: 'old' }, { tag: 'x' }] as const
      const answers = await Promise.all(
        [...filters, ...lost].map((filter) => clientIds(store, filter)),
      )
      const expected = [['a'], ['a'], ['a'], [], [], ['a'], ['a'], [], [], []]
      assert.deepEqual(answers, expected)
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
