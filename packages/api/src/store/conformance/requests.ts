/** Each request is stored once, however often it is retried. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { Sealer } from '../packed.ts'
import {
  allAssets,
  assetIds,
  assetOf,
  NOW_MS,
  observationOf,
  type StorePromise,
  TOGETHER,
} from './samples.ts'

export function testRequests(name: string, promise: StorePromise): void {
  describe(`${name}: a request`, TOGETHER, () => {
    promise('is stored once, and replayed when sent again', async ({ store }) => {
      const one = observationOf()
      assert.deepEqual(await store.append([one]), ['stored'])
      assert.deepEqual(await store.append([one]), ['replayed'])
      assert.deepEqual(await store.append([observationOf(), one]), ['stored', 'replayed'])
    })

    promise(
      'with a known id and another body is a conflict, and is not stored',
      async ({ store }) => {
        const first = observationOf({ payload: '{"v":1}' })
        const other = observationOf({
          request_id: first.request_id,
          payload: '{"v":2}',
          timestamp_ms: NOW_MS + 1000,
        })
        await store.append([first])
        assert.deepEqual(await store.append([other]), ['conflict'])
        assert.equal((await assetOf(store)).payload, '{"v":1}')
        assert.equal((await assetOf(store)).timestamp_ms, NOW_MS)
        assert.deepEqual(await store.append([first]), ['replayed'])
      },
    )

    promise('has an id of its asset: another asset may use the same id', async ({ store }) => {
      const at = (asset_id: string, v: number) =>
        observationOf({ request_id: 'second', asset_id, payload: `{"a":"${asset_id}","v":${v}}` })
      assert.deepEqual(await store.append([at('a', 1)]), ['stored'])
      assert.deepEqual(await store.append([at('b', 1)]), ['stored'], 'in a later batch')
      const batch = [at('c', 1), at('d', 1), at('a', 1), at('c', 2), at('d', 1), at('b', 2)]
      const outcomes = await store.append(batch)
      assert.deepEqual(outcomes, [
        ...['stored', 'stored', 'replayed'],
        ...['conflict', 'replayed', 'conflict'],
      ])
      assert.deepEqual(assetIds(await allAssets(store)), ['a', 'b', 'c', 'd'])
      for (const asset_id of ['a', 'b', 'c', 'd']) {
        assert.equal((await assetOf(store, asset_id)).payload, at(asset_id, 1).payload)
      }
      const same = { payload: '{}', request_id: 'same body' }
      const twins = ['a', 'e'].map((asset_id) => observationOf({ ...same, asset_id }))
      assert.deepEqual(await store.append(twins), ['stored', 'stored'])
      assert.deepEqual(await store.append(twins), ['replayed', 'replayed'])
    })

    promise(
      'of fifty assets with one id is stored fifty times, by any instance',
      async (stores) => {
        const handles = [stores.store, await stores.openAnother()]
        const batch = Array.from({ length: 50 }, (_, n) =>
          observationOf({
            request_id: 'one second',
            asset_id: `asset-${n}`,
            payload: `{"n":${n}}`,
          }),
        )
        const parts = [0, 10, 20, 30, 40].map((from) => batch.slice(from, from + 10))
        const outcomes = await Promise.all(
          parts.flatMap((part) => handles.map((store) => store.append(part))),
        )
        const counts = Object.groupBy(outcomes.flat(), (outcome) => outcome)
        assert.equal(counts.stored?.length, 50)
        assert.equal(counts.replayed?.length, 50)
        const other = batch.map((one) => ({ ...one, body_digest: Buffer.alloc(32) }))
        assert.deepEqual(await stores.store.append(other), Array(50).fill('conflict'))
      },
    )

    promise('is compared with earlier ones in the same batch', async ({ store }) => {
      const one = observationOf({ payload: '{"v":1}' })
      const reused = observationOf({ request_id: one.request_id, payload: '{"v":2}' })
      const another = observationOf({ asset_id: 'van' })
      const outcomes = await store.append([one, reused, another, one, another])
      assert.deepEqual(outcomes, ['stored', 'conflict', 'stored', 'replayed', 'replayed'])
      assert.equal((await assetOf(store)).payload, '{"v":1}')
    })

    promise('has an id of its client: another client may use the same id', async ({ store }) => {
      const request_id = 'same'
      const one = observationOf({ request_id, payload: '1' })
      const requests = [
        one,
        observationOf({ request_id, payload: '2', client_id: 'client_2' }),
        observationOf({ request_id, payload: '3', environment: 'development' }),
        observationOf({ request_id, payload: '4', org_id: 'org_2' }),
      ]
      assert.deepEqual(await store.append(requests), Array(4).fill('stored'))
      assert.deepEqual(await store.append(requests), Array(4).fill('replayed'))
      const reused = { ...one, body_digest: Buffer.alloc(32) }
      assert.deepEqual(await store.append([reused]), ['conflict'])
    })

    promise('is stored the same when sealed, alone or with others', async ({ store }) => {
      const before = observationOf({ request_id: 'before' })
      const many = Array.from({ length: 120 }, (_, item) =>
        observationOf({ request_id: 'many', item, payload: `{"n":${item},"é":"€"}` }),
      )
      const sealer = new Sealer()
      for (const one of many) sealer.add(one)
      const sealed = sealer.seal(before)
      assert.equal(sealed.count, 120)
      const again = observationOf({ request_id: 'many', item: 7, payload: 'other' })
      const { cursor } = await store.readSince(before, null, 1)
      const outcomes = await store.append([before, sealed, again])
      assert.deepEqual(outcomes, [...Array(121).fill('stored'), 'conflict'])
      const { entries } = await store.readSince(before, cursor, 200)
      assert.deepEqual(
        entries.map(({ payload }) => payload),
        [before, ...many].map(({ payload }) => payload),
      )
      assert.deepEqual(await store.append(many), Array(120).fill('replayed'))
      const alone = new Sealer()
      for (const one of [before, observationOf({ request_id: 'alone' })]) alone.add(one)
      assert.deepEqual(await store.append([alone.seal(before)]), ['replayed', 'stored'])
    })

    promise('has an id compared character by character', async ({ store }) => {
      const ids = ['abc', 'ABC', 'abc!', 'ab', "a'b", 'a"b', '%', '_']
      const requests = ids.map((request_id) => observationOf({ request_id }))
      assert.deepEqual(
        await store.append(requests),
        ids.map(() => 'stored'),
      )
    })

    promise('sent through several processes at the same time is stored once', async (stores) => {
      const handles = [stores.store, await stores.openAnother(), await stores.openAnother()]
      const batch = Array.from({ length: 20 }, () => observationOf())
      const outcomes = await Promise.all(handles.map((store) => store.append(batch)))
      for (const [index] of batch.entries()) {
        const found = outcomes.map((one) => one[index]).sort()
        assert.deepEqual(found, ['replayed', 'replayed', 'stored'])
      }
    })

    promise('may be missing: an empty batch is not an error', async ({ store }) => {
      assert.deepEqual(await store.append([]), [])
      assert.deepEqual(await store.append([observationOf()]), ['stored'])
    })

    promise('may be one of a thousand', async ({ store }) => {
      const batch = Array.from({ length: 1000 }, (_, index) =>
        observationOf({ asset_id: `asset-${index % 10}`, timestamp_ms: NOW_MS + index }),
      )
      assert.deepEqual(await store.append(batch), Array(1000).fill('stored'))
      assert.equal((await assetOf(store, 'asset-9')).payload, batch[999]?.payload)
      assert.equal((await assetOf(store, 'asset-0')).payload, batch[990]?.payload)
      assert.deepEqual(await store.append(batch), Array(1000).fill('replayed'))
    })

    promise('is found again far behind in the same batch', async ({ store }) => {
      const first = observationOf({ asset_id: 'first', payload: '{"v":1}' })
      const { request_id } = first
      const others = Array.from({ length: 997 }, (_, index) =>
        observationOf({ asset_id: `asset-${index % 10}`, org_id: `org_${index % 3}` }),
      )
      const conflicting = observationOf({ asset_id: 'first', request_id, payload: '{"v":2}' })
      const outcomes = await store.append([first, ...others, first, conflicting])
      assert.deepEqual(
        [outcomes[0], new Set(outcomes.slice(1, -2)), ...outcomes.slice(-2)],
        ['stored', new Set(['stored']), 'replayed', 'conflict'],
      )
      assert.equal((await assetOf(store, 'first')).payload, '{"v":1}')
    })
  })
}
