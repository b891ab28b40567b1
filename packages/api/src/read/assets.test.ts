import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ApiError } from '../errors/api-error.ts'
import type { AssetQuery } from '../store/store.ts'
import { ASSET, TENANT } from '../testing.ts'
import { getAsset, listAssets } from './assets.ts'

const VIEW = {
  asset_id: 'truck',
  type: null,
  timestamp: '2026-01-02T03:04:05.678Z',
  first_received_at: '2026-01-02T03:04:06.000Z',
  last_received_at: '2026-01-02T03:04:07.000Z',
  latest: ASSET.payload,
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
