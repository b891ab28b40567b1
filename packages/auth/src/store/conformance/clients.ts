/** What every store keeps about organizations, clients and audiences. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { StoreConflict } from '@modulariot/platform/storage'
import type { NewClientRows } from '../store.ts'
import {
  ADMIN,
  allClients,
  clientIds,
  ORGANIZATION,
  populate,
  rowsOf,
  type StorePromise,
  TOGETHER,
  TRACK,
} from './samples.ts'

export function testFirstOrganization(name: string, promise: StorePromise): void {
  describe(`${name}: the first organization`, TOGETHER, () => {
    promise('is made once, with its client', async ({ store }) => {
      await populate(store)
      assert.equal(await store.createFirst({ org_id: 'org_2', name: 'B' }, rowsOf('other')), false)
      assert.deepEqual(await store.listOrganizations(), [ORGANIZATION])
      assert.deepEqual(await clientIds(store), ['first'])
    })

    promise('is made once when several processes try at the same time', async (stores) => {
      const handles = [stores.store, await stores.openAnother(), await stores.openAnother()]
      await stores.store.ensureAudience(TRACK)
      const made = await Promise.all(
        handles.map((store, index) => {
          const org_id = `org_${index}`
          return store.createFirst({ org_id, name: 'A' }, rowsOf(`client_${index}`, { org_id }))
        }),
      )
      assert.deepEqual(made.filter(Boolean), [true])
      const [organization, ...others] = await stores.store.listOrganizations()
      assert.deepEqual(others, [])
      const [client, ...more] = await allClients(stores.store, 10)
      assert.deepEqual(more, [])
      assert.equal(client?.org_id, organization?.org_id)
    })

    promise('is not there when its client cannot be', async ({ store }) => {
      await assert.rejects(store.createFirst(ORGANIZATION, rowsOf('first')), StoreConflict)
      assert.deepEqual(await store.listOrganizations(), [])
      assert.deepEqual(await clientIds(store), [])
      await populate(store)
    })
  })
}

export function testClients(name: string, promise: StorePromise): void {
  describe(`${name}: a client`, TOGETHER, () => {
    promise(
      'is found as it was made, its grants with what the audience says',
      async ({ store }) => {
        await populate(store)
        const rows: NewClientRows = {
          ...rowsOf('c1', {
            environment: 'production',
            status: 'disabled',
            token_lifetime_seconds: 90,
          }),
          grants: [
            { audience: ADMIN.audience, scopes: ['clients'] },
            { audience: TRACK.audience, scopes: ['asset:track:write', 'asset:track:read'] },
          ],
        }
        await store.createClient(rows)
        const { grants, ...found } = (await store.findClient('c1')) ?? assert.fail('not found')
        assert.deepEqual(found, { ...rows.client, secrets: [rows.secret] })
        const byAudience = grants.toSorted((a, b) => a.audience.localeCompare(b.audience))
        assert.deepEqual(byAudience, [
          { ...rows.grants[0], token_lifetime_seconds: 600, signing_alg: 'EdDSA' },
          { ...rows.grants[1], token_lifetime_seconds: 86_400, signing_alg: 'RS256' },
        ])
      },
    )

    promise('that nobody made is not found', async ({ store }) => {
      await populate(store)
      for (const client_id of ['nobody', 'FIRST', 'first ', '', '%', "' OR 1=1 --"]) {
        assert.equal(await store.findClient(client_id), null, client_id)
      }
    })

    promise('that contradicts what is there leaves nothing behind', async ({ store }) => {
      await populate(store)
      const before = await store.findClient('first')
      const good = rowsOf('new')
      const nowhere = { audience: 'https://nowhere.example', scopes: ['a'] }
      const bad: Record<string, NewClientRows> = {
        'a taken id': { ...rowsOf('first', { name: 'usurper' }), secret: good.secret },
        'an unknown organization': rowsOf('new', { org_id: 'org_9' }),
        'an unknown audience': { ...good, grants: [nowhere] },
        'a second grant that is bad': { ...good, grants: [...good.grants, nowhere] },
        'the same grant twice': { ...good, grants: [...good.grants, ...good.grants] },
        'a taken secret id': { ...good, secret: rowsOf('first').secret },
      }
      for (const [what, rows] of Object.entries(bad)) {
        await assert.rejects(store.createClient(rows), StoreConflict, what)
        assert.deepEqual(await clientIds(store), ['first'], what)
        assert.equal(await store.findClient('new'), null, what)
      }
      assert.deepEqual(await store.findClient('first'), before)
      await store.createClient(good)
      assert.deepEqual((await store.findClient('new'))?.grants.length, 1)
    })

    promise('is listed once, in the order of the bytes of its id', async ({ store }) => {
      await populate(store)
      const ids = ['a', 'B', 'Z', '_', '10', '9', 'é', 'z', '\uffee', '😀', 'a b', "a'b", 'aa', 'A']
      for (const client_id of ids) await store.createClient(rowsOf(client_id))
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
      assert.deepEqual(first, rowsOf('10').client)
    })
  })
}

export function testAudiences(name: string, promise: StorePromise): void {
  describe(`${name}: an audience`, TOGETHER, () => {
    promise('is made once and left as it is afterwards', async ({ store }) => {
      await store.ensureAudience(TRACK)
      const other = { token_lifetime_seconds: 60, signing_alg: 'ES256', scopes: ['x'] } as const
      await store.ensureAudience({ ...TRACK, ...other })
      assert.deepEqual(await store.listAudiences(), [TRACK])
    })

    promise('keeps its scopes in their order', async ({ store }) => {
      const scopes = ['z', 'a', 'a"b', 'm']
      await store.ensureAudience({ ...TRACK, scopes })
      assert.deepEqual((await store.listAudiences())[0]?.scopes, scopes)
    })
  })
}
