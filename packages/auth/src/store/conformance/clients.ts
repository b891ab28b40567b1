/** Conformance: organizations and new clients. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { StoreConflict } from '@modulariot/platform/storage'
import type { Client } from '../../records/client.ts'
import { sampleSecret } from '../../testing/sample-client.ts'
import type { Audited } from '../ports/audited-change.ts'
import {
  ADMIN,
  allClients,
  auditedClient,
  clientIds,
  clientOf,
  countUp,
  newClient,
  newOrganization,
  ORGANIZATION,
  populate,
  type StorePromise,
  TOGETHER,
  TRACK,
  trailOf,
} from './samples.ts'

export function testOrganizations(name: string, promise: StorePromise): void {
  describe(`${name}: the first organization`, TOGETHER, () => {
    promise('is created once, with its client', async ({ store }) => {
      await populate(store)
      const other = newOrganization({ org_id: 'org_2', name: 'B' })
      assert.equal(await store.createFirst(other, newClient('other')), false)
      assert.deepEqual(await store.listOrganizations(), [ORGANIZATION])
      assert.deepEqual(await clientIds(store), ['first'])
      const targets = (await trailOf(store)).map(({ target }) => target.id)
      assert.deepEqual(targets, [TRACK.audience, ADMIN.audience, ORGANIZATION.org_id, 'first'])
    })

    promise('is created once when several processes try at the same time', async (stores) => {
      const handles = [stores.store, await stores.openAnother(), await stores.openAnother()]
      const made = await Promise.all(
        handles.map((store, index) => {
          const org_id = `org_${index}`
          const client = newClient(`client_${index}`, { org_id })
          return store.createFirst(newOrganization({ org_id, name: 'A' }), client)
        }),
      )
      assert.deepEqual(made.filter(Boolean), [true])
      const [organization, ...others] = await stores.store.listOrganizations()
      assert.deepEqual(others, [])
      const [client, ...more] = await allClients(stores.store, 10)
      assert.deepEqual(more, [])
      assert.equal(client?.org_id, organization?.org_id)
      assert.equal((await trailOf(stores.store)).length, 2)
    })

    promise('is not created when its client cannot be', async ({ store }) => {
      const homeless = newClient('first', { org_id: 'org_9' })
      await assert.rejects(store.createFirst(newOrganization(), homeless), StoreConflict)
      assert.deepEqual(await store.listOrganizations(), [])
      assert.deepEqual(await clientIds(store), [])
      assert.deepEqual(await trailOf(store), [])
      await populate(store)
    })
  })

  describe(`${name}: an organization`, TOGETHER, () => {
    promise('is created once, beside the others', async ({ store }) => {
      await populate(store)
      const other = { org_id: 'org_2', name: 'B' }
      await store.createOrganization(newOrganization(other))
      const again = newOrganization({ ...other, name: 'usurper' })
      await assert.rejects(store.createOrganization(again), StoreConflict)
      assert.deepEqual(await store.listOrganizations(), [ORGANIZATION, other])
      const [last, ...before] = (await trailOf(store)).toReversed()
      assert.equal(last?.target.id, 'org_2')
      assert.equal(before.length, 4)
    })
  })
}

/** Every field differs from a new client's. */
const ELABORATE = clientOf('c1', {
  environment: 'production',
  status: 'disabled',
  external_id: 'ERP-7',
  tags: ['z', 'a'],
  token_lifetime_seconds: 90,
  grants: [
    { audience: TRACK.audience, scopes: ['asset:track:write', 'asset:track:read'] },
    { audience: ADMIN.audience, scopes: ['clients'] },
  ],
  default_audience: ADMIN.audience,
  secrets: [
    sampleSecret('s2', { label: 'new' }),
    sampleSecret('s1', { label: 'old', expires_at: '2027-01-01T00:00:00.000Z' }),
  ],
  keys: [
    { kid: 'k', alg: 'ES256', jwk: { kty: 'EC', crv: 'P-256', x: 'a', y: 'b' }, created_at: '' },
  ],
  assertions: { audience: 'issuer', jti: 'optional' },
  allowlist: { mode: 'enforce', cidrs: ['203.0.113.0/24', '2001:db8::/32'] },
  quota: { mode: 'enforce', tokens_per_hour: 10, tokens_per_day: null },
  version: 7,
})

export function testNewClients(name: string, promise: StorePromise): void {
  describe(`${name}: a new client`, TOGETHER, () => {
    promise(
      'is found as it was created, with its audiences’ settings in its grants',
      async (stores) => {
        const { store } = stores
        await populate(store)
        assert.deepEqual(await store.createClients([auditedClient(ELABORATE)]), [{ created: true }])
        const [track, admin] = ELABORATE.grants
        assert.deepEqual(await store.findClient('c1'), {
          ...ELABORATE,
          grants: [
            { ...track, token_lifetime_seconds: 86_400, signing_alg: 'RS256', token_typ: 'at+jwt' },
            { ...admin, token_lifetime_seconds: 600, signing_alg: 'EdDSA', token_typ: 'JWT' },
          ],
        })
        const { clients } = await store.listClients({
          external_id: 'ERP-7',
          after: null,
          limit: 10,
        })
        assert.deepEqual(clients, [ELABORATE])
      },
    )

    promise('of an earlier version has the members added since', async ({ store }) => {
      await populate(store)
      const { default_audience, assertions, ...earlier } = clientOf('c1')
      await store.createClients([auditedClient(earlier as Client)])
      const found = await store.findClient('c1')
      assert.deepEqual(found?.default_audience, default_audience)
      assert.deepEqual(found?.assertions, assertions)
      const { clients } = await store.listClients({ after: null, limit: 10, search: 'c1' })
      assert.deepEqual(clients, [clientOf('c1')])
      await store.updateClient('c1', (current) => {
        assert.deepEqual(current, clientOf('c1'))
        return countUp(current)
      })
    })

    promise('is granted nothing by an audience that does not exist', async ({ store }) => {
      await populate(store)
      const nowhere = { audience: 'https://nowhere.example', scopes: ['a'] }
      const grants = [nowhere, { audience: ADMIN.audience, scopes: ['clients'] }]
      await store.createClients([newClient('c1', { grants })])
      const found = await store.findClient('c1')
      assert.deepEqual(
        found?.grants.map(({ audience }) => audience),
        [ADMIN.audience],
      )
    })

    promise('that does not exist is not found', async ({ store }) => {
      await populate(store)
      for (const client_id of ['unknown', 'FIRST', 'first ', '', '%', "' OR 1=1 --"]) {
        assert.equal(await store.findClient(client_id), null, client_id)
      }
    })

    promise('that conflicts with stored data leaves nothing of its batch', async (stores) => {
      const { store } = stores
      await populate(store)
      const before = await store.findClient('first')
      const usurper = clientOf('first', { name: 'usurper' })
      const bad: Record<string, Audited<Client>> = {
        'a taken id': auditedClient(usurper),
        'an id twice in the batch': newClient('good'),
        'an unknown organization': newClient('new', { org_id: 'org_9' }),
      }
      for (const [what, client] of Object.entries(bad)) {
        for (const batch of [
          [newClient('good'), client],
          [newClient('good'), client, newClient('late')],
        ]) {
          await assert.rejects(store.createClients(batch), StoreConflict, what)
          assert.deepEqual(await clientIds(store), ['first'], what)
          assert.equal((await trailOf(store)).length, 4, what)
        }
      }
      assert.deepEqual(await store.findClient('first'), before)
      await store.createClients([newClient('good')])
      assert.deepEqual(await clientIds(store), ['first', 'good'])
    })
  })

  describe(`${name}: an external_id`, TOGETHER, () => {
    promise(
      'that the tenant already has returns its client, and creates nothing',
      async ({ store }) => {
        await populate(store)
        const existing = clientOf('old', { external_id: 'ERP-1' })
        await store.createClients([auditedClient(existing)])
        const outcomes = await store.createClients([
          newClient('a'),
          newClient('b', { external_id: 'ERP-1', name: 'Another' }),
          newClient('c', { external_id: 'ERP-2' }),
        ])
        assert.deepEqual(outcomes, [
          { created: true },
          { created: false, existing },
          { created: true },
        ])
        assert.deepEqual(await clientIds(store), ['a', 'c', 'first', 'old'])
        const targets = (await trailOf(store)).map(({ target }) => target.id)
        assert.deepEqual(targets.slice(4), ['old', 'a', 'c'])
      },
    )

    promise('twice in one batch goes to the first', async ({ store }) => {
      await populate(store)
      const one = clientOf('one', { external_id: 'ERP-1' })
      const outcomes = await store.createClients([
        auditedClient(one),
        newClient('two', { external_id: 'ERP-1' }),
      ])
      assert.deepEqual(outcomes, [{ created: true }, { created: false, existing: one }])
      assert.deepEqual(await clientIds(store), ['first', 'one'])
    })

    promise('is free in another organization and in another environment', async ({ store }) => {
      await populate(store)
      const org_id = 'org_2'
      await store.createOrganization(newOrganization({ org_id, name: 'B' }))
      const external_id = 'ERP-1'
      const outcomes = await store.createClients([
        newClient('here', { external_id }),
        newClient('elsewhere', { external_id, org_id }),
        newClient('live', { external_id, environment: 'production' }),
        newClient('other case', { external_id: 'erp-1' }),
      ])
      assert.ok(outcomes.every(({ created }) => created))
    })

    promise('may be null in any number of clients', async ({ store }) => {
      await populate(store)
      const outcomes = await store.createClients([newClient('a'), newClient('b')])
      assert.ok(outcomes.every(({ created }) => created))
    })

    promise('goes to one client when several processes create it at once', async (stores) => {
      const handles = [stores.store, await stores.openAnother(), await stores.openAnother()]
      await populate(stores.store)
      const outcomes = await Promise.all(
        handles.map((store, index) =>
          store.createClients([newClient(`c${index}`, { external_id: 'ERP-1' })]),
        ),
      )
      const made = outcomes.flat().filter(({ created }) => created)
      assert.equal(made.length, 1)
      assert.equal((await clientIds(stores.store)).length, 2)
      assert.equal((await trailOf(stores.store)).length, 5)
    })
  })
}
