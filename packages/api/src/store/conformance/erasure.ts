/** An erased asset is gone, every row of it, and nothing else is. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { TelemetryStore } from '../store.ts'
import {
  allAssets,
  assetIds,
  at,
  fixOf,
  measurementOf,
  observationOf,
  occurrenceOf,
  type StorePromise,
  TENANT,
  TOGETHER,
} from './samples.ts'

/** More than a step deletes. */
const MANY = 250

/** An observation with every kind of part. */
function whole(asset_id: string, second: number) {
  const timestamp_ms = at(second)
  return observationOf({
    ...{ asset_id, timestamp_ms, position: fixOf() },
    metrics: [measurementOf({ timestamp_ms }), measurementOf({ timestamp_ms, key: 'x.own' })],
    events: [occurrenceOf({ timestamp_ms })],
  })
}

const manyOf = (asset_id: string) => Array.from({ length: MANY }, (_, n) => whole(asset_id, n))

async function countsOf(store: TelemetryStore, asset_id: string): Promise<number[]> {
  const page = { after: null, limit: 1000 }
  const { entries } = await store.readSince(TENANT, 0, 1000)
  return [
    (await store.positions(TENANT, asset_id, page)).rows.length,
    (await store.metrics(TENANT, asset_id, { ...page, key: 'vehicle.speed' })).rows.length,
    (await store.latestMetrics(TENANT, asset_id, null)).rows.length,
    (await store.events(TENANT, { ...page, asset_id })).rows.length,
    entries.filter((entry) => entry.asset_id === asset_id).length,
  ]
}

const NONE = [0, 0, 0, 0, 0]

export function testErasure(name: string, promise: StorePromise): void {
  describe(`${name}: the erasure of an asset`, TOGETHER, () => {
    promise('removes all of it, and nothing of another or of another tenant', async (stores) => {
      const { store } = stores
      const elsewhere = { ...TENANT, org_id: 'org_2' }
      await store.append([
        ...manyOf('gone'),
        ...[1, 2, 3].map((second) => whole('kept', second)),
        { ...whole('gone', 1), ...elsewhere },
      ])
      assert.notEqual(await store.eraseAsset(TENANT, 'gone'), null)
      assert.deepEqual(assetIds(await allAssets(store)), ['kept'])
      assert.equal(await store.findAsset(TENANT, 'gone'), null)
      assert.deepEqual(await countsOf(store, 'gone'), NONE)
      assert.deepEqual(await countsOf(store, 'kept'), [3, 3, 2, 3, 3])
      assert.notEqual(await store.findAsset(elsewhere, 'gone'), null)
      assert.equal((await store.events(TENANT, { after: null, limit: 100 })).rows.length, 3)
      await store.compact()
      assert.deepEqual(await countsOf(store, 'kept'), [3, 3, 2, 3, 3])
    })

    promise('of several at once removes all of them, of several tenants', async ({ store }) => {
      const elsewhere = { ...TENANT, org_id: 'org_2' }
      const ids = ['a', 'b', 'c', 'kept']
      await store.append(ids.flatMap((id) => [1, 2].map((second) => whole(id, second))))
      await store.append(ids.map((id) => ({ ...whole(id, 1), ...elsewhere })))
      const gone = ids.slice(0, 3)
      const erased = [TENANT, elsewhere].flatMap((tenant) =>
        gone.map((id) => store.eraseAsset(tenant, id)),
      )
      assert.ok((await Promise.all(erased)).every((one) => one !== null))
      for (const tenant of [TENANT, elsewhere]) {
        const { entries } = await store.readSince(tenant, 0, 100)
        assert.deepEqual(new Set(entries.map(({ asset_id }) => asset_id)), new Set(['kept']))
      }
      assert.deepEqual(await countsOf(store, 'kept'), [2, 2, 2, 2, 2])
      // Their request ids are forgotten too.
      assert.deepEqual(await store.append([whole('a', 1)]), ['stored'])
    })

    promise('of an unknown asset is null, and so is a second one', async ({ store }) => {
      assert.equal(await store.eraseAsset(TENANT, 'unknown'), null)
      await store.append([whole('truck', 1)])
      assert.notEqual(await store.eraseAsset(TENANT, 'truck'), null)
      assert.equal(await store.eraseAsset(TENANT, 'truck'), null)
      assert.equal(await store.eraseAsset({ ...TENANT, org_id: 'org_9' }, 'truck'), null)
    })

    promise('lets a later report make a new asset, a retried one too', async ({ store }) => {
      const [first, second] = [whole('truck', 1), whole('truck', 2)]
      await store.append([first, second])
      await store.eraseAsset(TENANT, 'truck')
      assert.deepEqual(await store.append([first]), ['stored'])
      assert.deepEqual(await countsOf(store, 'truck'), [1, 1, 2, 1, 1])
      assert.deepEqual(await store.append([first]), ['replayed'])
    })

    promise('serves writes in between, and keeps what they store', async (stores) => {
      const { store } = stores
      const another = await stores.openAnother()
      await store.append(manyOf('truck'))
      const erased = Promise.all([
        store.eraseAsset(TENANT, 'truck'),
        another.eraseAsset(TENANT, 'truck'),
      ])
      const outcomes: string[] = []
      for (let n = 0; n < 10; n++) outcomes.push(...(await store.append([whole('other', n)])))
      await erased
      assert.deepEqual(outcomes, Array(10).fill('stored'))
      assert.deepEqual(await store.append([whole('truck', 500)]), ['stored'])
      assert.deepEqual(await countsOf(store, 'truck'), [1, 1, 2, 1, 1])
      assert.deepEqual((await countsOf(store, 'other')).slice(0, 2), [10, 10])
    })
  })
}
