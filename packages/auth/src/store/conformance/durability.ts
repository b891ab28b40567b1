/** What is stored stays, as it was. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import {
  ADMIN,
  keyOf,
  ORGANIZATION,
  populate,
  rowsOf,
  type StorePromise,
  TOGETHER,
  TRACK,
  unchanged,
} from './samples.ts'

export function testDurability(name: string, promise: StorePromise): void {
  describe(`${name}: what is stored`, TOGETHER, () => {
    promise('is there after all handles have been closed', async ({ store, reopen }) => {
      await populate(store)
      await store.updateSigningKeys(() => [keyOf('a')])
      const before = await store.findClient('first')
      const reopened = await reopen()
      assert.deepEqual(await reopened.listOrganizations(), [ORGANIZATION])
      assert.deepEqual(await reopened.findClient('first'), before)
      assert.deepEqual(await reopened.updateSigningKeys(unchanged), [keyOf('a')])
      const audiences = (await reopened.listAudiences()).map(({ audience }) => audience)
      assert.deepEqual(audiences.toSorted(), [ADMIN.audience, TRACK.audience])
      assert.equal(await reopened.createFirst(ORGANIZATION, rowsOf('second')), false)
    })

    promise('is visible through another handle at once', async ({ store, openAnother }) => {
      const another = await openAnother()
      await populate(store)
      assert.deepEqual(await another.findClient('first'), await store.findClient('first'))
    })

    promise('comes back as it was, whatever characters it has', async ({ store }) => {
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
        const rows = rowsOf(`${index}${text}`, { name: text })
        const grants = [{ audience: TRACK.audience, scopes: [text] }]
        await store.createClient({ ...rows, grants })
        const found = await store.findClient(`${index}${text}`)
        assert.equal(found?.name, text)
        assert.deepEqual(found?.grants[0]?.scopes, [text])
        assert.deepEqual(found?.secrets, [rows.secret])
      }
    })

    promise('is never cut at a NUL: kept whole or refused', async ({ store }) => {
      await populate(store)
      const client_id = 'first\0second'
      const kept = await store.createClient(rowsOf(client_id, { name: 'a\0b' })).then(
        () => true,
        () => false,
      )
      const found = await store.findClient(client_id).catch(() => null)
      assert.deepEqual(found?.name, kept ? 'a\0b' : undefined)
      assert.equal((await store.findClient('first'))?.name, 'Client first')
    })
  })
}
