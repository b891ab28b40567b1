/** Conformance: signing keys. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { StoreConflict } from '@modulariot/platform/storage'
import type { AuthStore } from '../store.ts'
import {
  draftOf,
  keyOf,
  keysAre,
  type StorePromise,
  TOGETHER,
  trailOf,
  unchanged,
} from './samples.ts'

export function testSigningKeys(name: string, promise: StorePromise): void {
  describe(`${name}: signing keys`, TOGETHER, () => {
    promise('are what the updater returned', async ({ store }) => {
      assert.deepEqual(await store.listSigningKeys(), [])
      const added = await store.updateSigningKeys((keys) =>
        keysAre(...keys, keyOf('a'), keyOf('b')),
      )
      assert.deepEqual(added, [keyOf('a'), keyOf('b')])
      assert.deepEqual(await store.updateSigningKeys(unchanged), added)
      assert.deepEqual(await store.listSigningKeys(), added)
      await store.updateSigningKeys((keys) => keysAre(...keys.filter(({ kid }) => kid !== 'a')))
      assert.deepEqual(await store.listSigningKeys(), [keyOf('b')])
    })

    promise('keep their times of activation and retirement', async ({ store }) => {
      const waiting = { ...keyOf('a'), activates_at: null }
      const retired = { ...keyOf('b'), retires_at: '2027-01-02T03:04:05.678Z' }
      assert.deepEqual(await store.updateSigningKeys(() => keysAre(waiting, retired)), [
        waiting,
        retired,
      ])
      assert.deepEqual(await store.listSigningKeys(), [waiting, retired])
    })

    promise('change together with the trail and the feed, or not at all', async ({ store }) => {
      const audit = [draftOf({ action: 'key.rotated', target: { type: 'key', id: 'a' } })]
      const revoke = [{ kind: 'key', kid: 'old', expires: 100 } as const]
      const feed = () => store.readRevocations({ after: null, limit: 10, nowSeconds: 0 })
      const broken = { keys: [keyOf('a'), keyOf('a')], audit, revoke }
      await assert.rejects(
        store.updateSigningKeys(() => broken),
        StoreConflict,
      )
      assert.deepEqual(await trailOf(store), [])
      assert.deepEqual((await feed()).revocations, [])
      await store.updateSigningKeys(() => ({ keys: [keyOf('a')], audit, revoke }))
      assert.deepEqual(
        (await trailOf(store)).map(({ action }) => action),
        ['key.rotated'],
      )
      assert.deepEqual((await feed()).revocations, revoke)
    })

    promise('do not change when an updater throws', async ({ store }) => {
      await store.updateSigningKeys(() => keysAre(keyOf('a')))
      const fault = new Error('no')
      const update = (): never => {
        throw fault
      }
      await assert.rejects(store.updateSigningKeys(update), fault)
      assert.deepEqual(await store.listSigningKeys(), [keyOf('a')])
    })

    promise('do not change when the new ones cannot be stored', async ({ store }) => {
      await store.updateSigningKeys(() => keysAre(keyOf('a')))
      const twice = store.updateSigningKeys(() => keysAre(keyOf('b'), keyOf('b')))
      await assert.rejects(twice, StoreConflict)
      assert.deepEqual(await store.listSigningKeys(), [keyOf('a')])
    })

    promise('include those of every process that adds at the same time', async (stores) => {
      const handles = [stores.store, await stores.openAnother(), await stores.openAnother()]
      const kids = ['a', 'b', 'c', 'd', 'e', 'f']
      await Promise.all(
        kids.map((kid, turn) =>
          (handles[turn % 3] as AuthStore).updateSigningKeys((keys) =>
            keysAre(...keys, keyOf(kid)),
          ),
        ),
      )
      const kept = await stores.store.listSigningKeys()
      assert.deepEqual(
        kept.map(({ kid }) => kid),
        kids,
      )
    })

    promise(
      'are a single one when several processes each add one where there is none',
      async (stores) => {
        const handles = [stores.store, await stores.openAnother(), await stores.openAnother()]
        const results = await Promise.all(
          handles.map((store, index) =>
            store.updateSigningKeys((keys) =>
              keys.length > 0 ? null : keysAre(keyOf(`k${index}`)),
            ),
          ),
        )
        const kept = await stores.store.listSigningKeys()
        assert.equal(kept.length, 1)
        for (const result of results) assert.deepEqual(result, kept)
      },
    )
  })
}
