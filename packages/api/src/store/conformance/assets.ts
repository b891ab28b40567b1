/** The state of assets, and their tenants. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Observation } from '../store.ts'
import {
  allAssets,
  assetIds,
  assetOf,
  NOW_MS,
  observationOf,
  type StorePromise,
  TENANT,
  TOGETHER,
} from './samples.ts'

/** An observation at these seconds after NOW_MS, in device time and server time. */
const at = (device: number, received: number, change: Partial<Observation> = {}): Observation =>
  observationOf({
    timestamp_ms: NOW_MS + device * 1000,
    received_ms: NOW_MS + received * 1000,
    payload: `{"device":${device},"received":${received}}`,
    ...change,
  })

/** The ids for the same report by another asset. */
const nameOf = (asset_id: string, { request_id }: Observation) => ({
  asset_id,
  request_id: `${request_id} ${asset_id}`,
})

export function testAssetState(name: string, promise: StorePromise): void {
  describe(`${name}: an asset`, TOGETHER, () => {
    promise('is created by its first observation', async ({ store }) => {
      const one = observationOf({ type: 'truck' })
      assert.equal(await store.findAsset(TENANT, 'truck'), null)
      await store.append([one])
      assert.deepEqual(
        { ...(await assetOf(store)) },
        {
          asset_id: 'truck',
          type: 'truck',
          timestamp_ms: one.timestamp_ms,
          first_received_ms: one.received_ms,
          last_received_ms: one.received_ms,
          payload: one.payload,
        },
      )
    })

    promise(
      'has the state of its newest observation, whatever the order of arrival',
      async ({ store }) => {
        const observations = [at(0, 0), at(20, 1), at(10, 2), at(-60, 3), at(19, 4)]
        for (const one of observations) await store.append([one])
        const asset = await assetOf(store)
        assert.equal(asset.timestamp_ms, NOW_MS + 20_000)
        assert.equal(asset.payload, '{"device":20,"received":1}')
      },
    )

    promise('has the state of its newest observation within one batch too', async ({ store }) => {
      await store.append([at(0, 0), at(20, 0), at(10, 0)])
      assert.equal((await assetOf(store)).payload, '{"device":20,"received":0}')
    })

    promise(
      'has the same state after one batch as after single observations',
      async ({ store }) => {
        const reports = [
          at(0, 5, { type: 'van' }),
          at(20, 3),
          at(10, 9, { type: 'truck' }),
          at(20, 4, { type: 'bus' }),
          at(5, 1),
        ]
        const of = (asset_id: string) =>
          reports.map((one) => ({ ...one, ...nameOf(asset_id, one) }))
        for (const one of of('alone')) await store.append([one])
        await store.append([observationOf({ asset_id: 'other' }), ...of('together')])
        await store.append(of('in two').slice(0, 2))
        await store.append(of('in two').slice(2))
        const { asset_id: _, ...alone } = await assetOf(store, 'alone')
        for (const name of ['together', 'in two']) {
          const { asset_id: __, ...batch } = await assetOf(store, name)
          assert.deepEqual(batch, alone, name)
        }
      },
    )

    promise(
      'has the times of its first and latest arrivals, late data included',
      async ({ store }) => {
        await store.append([at(0, 5)])
        await store.append([at(-3600, 9)])
        const asset = await assetOf(store)
        assert.equal(asset.first_received_ms, NOW_MS + 5000)
        assert.equal(asset.last_received_ms, NOW_MS + 9000)
        assert.equal(asset.timestamp_ms, NOW_MS)
      },
    )

    promise('keeps last_received_ms when the server clock steps back', async ({ store }) => {
      await store.append([at(0, 5)])
      await store.append([at(1, 3)])
      assert.equal((await assetOf(store)).last_received_ms, NOW_MS + 5000)
    })

    promise(
      'has the state of the later of two observations with the same time',
      async ({ store }) => {
        await store.append([at(0, 0)])
        await store.append([at(0, 1)])
        assert.equal((await assetOf(store)).payload, '{"device":0,"received":1}')
      },
    )

    promise('is not changed by a replay', async ({ store }) => {
      const first = at(0, 0)
      await store.append([first])
      await store.append([at(1, 1)])
      const before = await assetOf(store)
      const retried = { ...first, timestamp_ms: NOW_MS + 60_000, received_ms: NOW_MS + 60_000 }
      assert.deepEqual(await store.append([retried]), ['replayed'])
      assert.deepEqual(await assetOf(store), before)
    })

    promise('keeps its type until a newer observation names another', async ({ store }) => {
      const typeAfter = async (device: number, type: string | null): Promise<string | null> => {
        await store.append([at(device, 0, { type })])
        return (await assetOf(store)).type
      }
      assert.equal(await typeAfter(0, null), null)
      assert.equal(await typeAfter(-9, 'late'), 'late', 'late data fills a gap')
      assert.equal(await typeAfter(1, 'truck'), 'truck')
      assert.equal(await typeAfter(2, null), 'truck', 'a missing type is not a change')
      assert.equal(await typeAfter(-8, 'late'), 'truck', 'late data changes nothing')
      assert.equal(await typeAfter(3, 'van'), 'van')
    })

    promise('may have any time that a device can send', async ({ store }) => {
      for (const [asset_id, timestamp_ms] of Object.entries({
        old: -62_135_596_800_000,
        far: 8.64e15,
      })) {
        await store.append([observationOf({ asset_id, timestamp_ms })])
        assert.equal((await assetOf(store, asset_id)).timestamp_ms, timestamp_ms)
      }
    })
  })
}

export function testTenants(name: string, promise: StorePromise): void {
  describe(`${name}: a tenant`, TOGETHER, () => {
    promise('sees only its own assets', async ({ store }) => {
      const tenants = [
        TENANT,
        { ...TENANT, environment: 'development' },
        { ...TENANT, org_id: 'org_2' },
      ] as const
      for (const [index, tenant] of tenants.entries()) {
        const shared = observationOf({ ...tenant, asset_id: 'shared', payload: `${index}` })
        const own = observationOf({ ...tenant, asset_id: `own-${index}` })
        await store.append([shared, own])
      }
      for (const [index, tenant] of tenants.entries()) {
        const assets = await allAssets(store, 1, tenant)
        assert.deepEqual(assetIds(assets), [`own-${index}`, 'shared'])
        assert.equal((await store.findAsset(tenant, 'shared'))?.payload, `${index}`)
        const others = tenants.flatMap((_, other) => (other === index ? [] : [`own-${other}`]))
        for (const asset_id of others) assert.equal(await store.findAsset(tenant, asset_id), null)
      }
    })

    promise('without assets gets an empty page', async ({ store }) => {
      await store.append([observationOf()])
      const page = await store.listAssets(
        { ...TENANT, org_id: 'org_9' },
        { after: null, limit: 10 },
      )
      assert.deepEqual(page, { rows: [], next: null })
    })

    promise('has assets whose state comes from its own observations only', async ({ store }) => {
      const development = { ...TENANT, environment: 'development' } as const
      await store.append([at(0, 0, { payload: 'own' })])
      await store.append([at(60, 60, { ...development, payload: 'other', type: 'other' })])
      const { payload, type, timestamp_ms } = await assetOf(store)
      assert.deepEqual(
        { payload, type, timestamp_ms },
        { payload: 'own', type: null, timestamp_ms: NOW_MS },
      )
    })
  })

  describe(`${name}: a list of assets`, TOGETHER, () => {
    promise('is complete, in byte order of their ids', async ({ store }) => {
      const ids = ['a', 'B', 'Z', '_', '10', '9', 'é', 'z', '\uffee', '😀', 'a b', "a'b", 'aa', 'A']
      const expected = ids.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      await store.append(
        ids.map((asset_id) => observationOf({ asset_id, payload: `"${asset_id}"` })),
      )
      for (const limit of [1, 3, 7, 13, 14, 15, 100]) {
        assert.deepEqual(assetIds(await allAssets(store, limit)), expected, `${limit} per page`)
      }
      for (const { asset_id, payload } of await allAssets(store)) {
        assert.equal(payload, `"${asset_id}"`)
      }
    })

    promise('returns the same asset as findAsset', async ({ store }) => {
      await store.append([at(0, 0, { asset_id: 'a', type: 'x' }), at(1, 1, { asset_id: 'b' })])
      for (const asset of await allAssets(store)) {
        assert.deepEqual(asset, await assetOf(store, asset.asset_id))
      }
    })

    promise('continues after an id that does not exist', async ({ store }) => {
      await store.append(['a', 'c'].map((asset_id) => observationOf({ asset_id })))
      const page = await store.listAssets(TENANT, { after: 'b', limit: 10 })
      assert.deepEqual(assetIds(page.rows), ['c'])
    })
  })
}
