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
  it('returns times as ISO 8601 and the newest observation as sent', async () => {
    const calls: unknown[] = []
    const findAsset = async (...args: unknown[]) => {
      calls.push(args)
      return ASSET
    }
    assert.deepEqual(await getAsset(TENANT, 'truck', { findAsset }), VIEW)
    assert.deepEqual(calls, [[TENANT, 'truck']])
  })

  it('throws 404 for an unknown asset', async () => {
    await assert.rejects(getAsset(TENANT, 'van', { findAsset: async () => null }), (error) => {
      assert.ok(error instanceof ApiError)
      assert.equal(error.status, 404)
      assert.ok(!error.detail.includes('van'))
      return true
    })
  })
})

describe('listAssets', () => {
  it('passes the query to the store, and returns each asset as getAsset does', async () => {
    const query: AssetQuery = { search: 'tr', type: 'Truck', after: 'a', limit: 7 }
    const calls: unknown[] = []
    const answer = async (...args: unknown[]) => {
      calls.push(args)
      return { rows: [ASSET], next: 'truck' }
    }
    const page = await listAssets(TENANT, query, { listAssets: answer })
    assert.deepEqual(page, { rows: [VIEW], next: 'truck' })
    assert.deepEqual(calls, [[TENANT, query]])
  })
})
