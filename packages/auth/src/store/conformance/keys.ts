/** What every store keeps about signing keys. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { StoreConflict } from '@modulariot/platform/storage'
import { keyOf, type StorePromise, TOGETHER, unchanged } from './samples.ts'

export function testSigningKeys(name: string, promise: StorePromise): void {
  describe(`${name}: signing keys`, TOGETHER, () => {
    promise('are what the updater made of them', async ({ store }) => {
      assert.deepEqual(await store.updateSigningKeys(unchanged), [])
      const added = await store.updateSigningKeys((keys) => [...keys, keyOf('a'), keyOf('b')])
      assert.deepEqual(added, [keyOf('a'), keyOf('b')])
      assert.deepEqual(await store.updateSigningKeys(unchanged), added)
      await store.updateSigningKeys((keys) => keys.filter(({ kid }) => kid !== 'a'))
      assert.deepEqual(await store.updateSigningKeys(unchanged), [keyOf('b')])
    })

    promise('stay as they are when an updater throws', async ({ store }) => {
      await store.updateSigningKeys(() => [keyOf('a')])
      const fault = new Error('no')
      const update = (): never => {
        throw fault
      }
      await assert.rejects(store.updateSigningKeys(update), fault)
      assert.deepEqual(await store.updateSigningKeys(unchanged), [keyOf('a')])
    })

    promise('stay as they are when the new ones cannot be kept', async ({ store }) => {
      await store.updateSigningKeys(() => [keyOf('a')])
      const twice = store.updateSigningKeys(() => [keyOf('b'), keyOf('b')])
      await assert.rejects(twice, StoreConflict)
      assert.deepEqual(await store.updateSigningKeys(unchanged), [keyOf('a')])
    })

    promise('are one when several processes each add one where there is none', async (stores) => {
      const handles = [stores.store, await stores.openAnother(), await stores.openAnother()]
      const results = await Promise.all(
        handles.map((store, index) =>
          store.updateSigningKeys((keys) => (keys.length > 0 ? keys : [keyOf(`k${index}`)])),
        ),
      )
      const kept = await stores.store.updateSigningKeys(unchanged)
      assert.equal(kept.length, 1)
      for (const result of results) assert.deepEqual(result, kept)
    })
  })
}
