import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ApiError } from '../errors/api-error.ts'
import type { Asset, AssetQuery, Tenant } from '../store/store.ts'
import { getAsset, listAssets } from './assets.ts'

const TENANT: Tenant = { org_id: 'org_1', environment: 'production' }
const PAYLOAD = '{"asset_id":"truck","own":[1,null]}'
const ASSET: Asset = {
  asset_id: 'truck',
  type: null,
  timestamp_ms: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  first_received_ms: Date.UTC(2026, 0, 2, 3, 4, 6),
  last_received_ms: Date.UTC(2026, 0, 2, 3, 4, 7),
  payload: PAYLOAD,
}
const VIEW = {
  asset_id: 'truck',
  type: null,
  timestamp: '2026-01-02T03:04:05.678Z',
  first_received_at: '2026-01-02T03:04:06.000Z',
  last_received_at: '2026-01-02T03:04:07.000Z',
  latest: PAYLOAD,
}

describe('getAsset', () => {
  it('shows times as ISO 8601 and the newest observation as it was sent', async () => {
    const asked: unknown[] = []
    const findAsset = async (...question: unknown[]) => {
      asked.push(question)
      return ASSET
    }
    assert.deepEqual(await getAsset(TENANT, 'truck', { findAsset }), VIEW)
    assert.deepEqual(asked, [[TENANT, 'truck']])
  })

  it('answers 404 for what is not there', async () => {
    await assert.rejects(getAsset(TENANT, 'van', { findAsset: async () => null }), (error) => {
      assert.ok(error instanceof ApiError)
      assert.equal(error.status, 404)
      assert.ok(!error.detail.includes('van'))
      return true
    })
  })
})

describe('listAssets', () => {
  it('asks the store as it was asked, and shows each asset as getAsset does', async () => {
    const query: AssetQuery = { search: 'tr', type: 'Truck', after: 'a', limit: 7 }
    const asked: unknown[] = []
    const answer = async (...question: unknown[]) => {
      asked.push(question)
      return { rows: [ASSET], next: 'truck' }
    }
    const page = await listAssets(TENANT, query, { listAssets: answer })
    assert.deepEqual(page, { rows: [VIEW], next: 'truck' })
    assert.deepEqual(asked, [[TENANT, query]])
  })
})
