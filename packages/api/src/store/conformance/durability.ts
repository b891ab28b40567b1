/** Stored data survives, as sent. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import {
  allAssets,
  assetOf,
  observationOf,
  type StorePromise,
  TENANT,
  TOGETHER,
} from './samples.ts'

export function testDurability(name: string, promise: StorePromise): void {
  describe(`${name}: what is stored`, TOGETHER, () => {
    promise('is there after all handles have been closed', async ({ store, reopen }) => {
      const batch = ['a', 'b'].map((asset_id) => observationOf({ asset_id, type: asset_id }))
      await store.append(batch)
      const before = await allAssets(store)
      const reopened = await reopen()
      assert.deepEqual(await allAssets(reopened), before)
      assert.deepEqual(await reopened.append(batch), ['replayed', 'replayed'])
    })

    promise('is visible through any handle once its outcome is known', async (stores) => {
      const { store } = stores
      const another = await stores.openAnother()
      for (let round = 0; round < 20; round++) {
        const one = observationOf({ payload: `${round}` })
        await store.append([one])
        assert.equal((await assetOf(store)).payload, `${round}`)
        assert.equal((await assetOf(another)).payload, `${round}`)
      }
    })

    promise(
      'includes what was appended before close(), even if not awaited',
      async ({ store, reopen }) => {
        const outcomes: unknown[] = []
        for (const one of [observationOf(), observationOf()]) {
          store.append([one]).then(
            (outcome) => outcomes.push(outcome),
            (error) => outcomes.push(error),
          )
        }
        const reopened = await reopen()
        assert.deepEqual(outcomes, [['stored'], ['stored']])
        await assetOf(reopened)
      },
    )

    promise('is returned byte for byte', async ({ store }) => {
      const payloads = [
        '{"a":1}',
        ' {\t"a" :\r\n1.0 ,"b":1e400,"c":12345678901234567890,"a":"twice"} \n',
        '{"é":"\\u0000\\ud800\\/","漢字":"😀 e\u0301 \u202e \u2028"}',
        `{"sql":"'; DROP TABLE assets; --","like":"%_"}`,
        JSON.stringify({ long: 'ü'.repeat(300_000) }),
      ]
      for (const [index, payload] of payloads.entries()) {
        const asset_id = `asset-${index}`
        await store.append([observationOf({ asset_id, payload })])
        const found = await assetOf(store, asset_id)
        assert.ok(Buffer.from(found.payload).equals(Buffer.from(payload)), payload.slice(0, 80))
      }
    })

    promise('is found by ids with any characters, and only by exact ids', async ({ store }) => {
      const nasty = [
        `'; DROP TABLE assets; --`,
        'a"b\\c',
        'ünï 漢 😀',
        '%',
        '_',
        ' a ',
        'a\nb',
        '{}',
      ]
      await store.append(nasty.map((asset_id) => observationOf({ asset_id, type: asset_id })))
      for (const asset_id of nasty) {
        const { type, asset_id: found } = await assetOf(store, asset_id)
        assert.deepEqual([found, type], [asset_id, asset_id])
      }
      for (const asset_id of ['a', '', 'A"B\\C', 'ünï']) {
        assert.equal(await store.findAsset(TENANT, asset_id), null, asset_id)
      }
    })

    promise('is never truncated at a NUL: stored whole or refused', async ({ store }) => {
      const ids = ['a\0b', 'a\0c']
      const batch = ids.map((asset_id) => observationOf({ asset_id }))
      const kept = await store.append(batch).then(
        () => ids,
        () => [],
      )
      assert.deepEqual(
        (await allAssets(store, 1)).map(({ asset_id }) => asset_id),
        kept,
      )
    })
  })
}
