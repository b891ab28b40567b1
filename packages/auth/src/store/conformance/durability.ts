/** Conformance: what is stored stays, unchanged. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import {
  ADMIN,
  auditedClient,
  clientOf,
  countUp,
  keyOf,
  keysAre,
  newClient,
  newOrganization,
  ORGANIZATION,
  populate,
  type StorePromise,
  TOGETHER,
  TRACK,
  trailOf,
} from './samples.ts'

export function testDurability(name: string, promise: StorePromise): void {
  describe(`${name}: what is stored`, TOGETHER, () => {
    promise('is there after all handles have been closed', async ({ store, reopen }) => {
      await populate(store)
      await store.updateSigningKeys(() => keysAre(keyOf('a')))
      await store.updateClient('first', countUp)
      const trail = await trailOf(store)
      const before = await store.findClient('first')
      const reopened = await reopen()
      assert.deepEqual(await reopened.listOrganizations(), [ORGANIZATION])
      assert.deepEqual(await reopened.findClient('first'), before)
      assert.deepEqual(await reopened.listSigningKeys(), [keyOf('a')])
      const audiences = (await reopened.listAudiences()).map(({ audience }) => audience)
      assert.deepEqual(audiences.toSorted(), [ADMIN.audience, TRACK.audience])
      assert.equal(await reopened.createFirst(newOrganization(), newClient('second')), false)
      assert.equal(trail.length, 5)
      assert.deepEqual(await trailOf(reopened), trail)
    })

    promise('is visible through another handle at once', async ({ store, openAnother }) => {
      const another = await openAnother()
      await populate(store)
      assert.deepEqual(await another.findClient('first'), await store.findClient('first'))
    })

    promise('comes back unchanged, whatever characters it has', async ({ store }) => {
      await populate(store)
      const nasty = [
        `'; DROP TABLE clients; --`,
        `"double" 'single' \`back\` \\ /`,
        'ünïcödé 漢字 😀 e\u0301 \u202e',
        '{"a":[1]} %s $1 ?1 :name',
        'tab\tline\nreturn\r bell\u0007',
        ' spaces ',
      ]
      for (const [index, text] of nasty.entries()) {
        const client_id = `${index}${text}`
        const client = clientOf(client_id, {
          name: text,
          external_id: text,
          tags: [text],
          grants: [{ audience: TRACK.audience, scopes: [text] }],
        })
        await store.createClients([auditedClient(client, { after: text })])
        const found = await store.findClient(client_id)
        const { token_lifetime_seconds, signing_alg, token_typ } = TRACK
        const grants = client.grants.map((grant) => ({
          ...grant,
          token_lifetime_seconds,
          signing_alg,
          token_typ,
        }))
        assert.deepEqual(found, { ...client, grants })
        for (const filter of [{ external_id: text }, { tag: text }]) {
          const page = await store.listClients({ ...filter, after: null, limit: 10 })
          assert.deepEqual(page.clients, [client], text)
        }
        assert.equal((await trailOf(store)).at(-1)?.after, text)
      }
    })

    promise('is never truncated at a NUL: kept whole or refused', async ({ store }) => {
      await populate(store)
      const client_id = 'first\0second'
      const kept = await store.createClients([newClient(client_id, { name: 'a\0b' })]).then(
        () => true,
        () => false,
      )
      const found = await store.findClient(client_id).catch(() => null)
      assert.deepEqual(found?.name, kept ? 'a\0b' : undefined)
      assert.equal((await store.findClient('first'))?.name, 'Client first')
    })
  })
}
