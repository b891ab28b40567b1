import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ApiError } from '../errors/api-error.ts'
import type { Asset, Page, Tenant } from '../store/store.ts'
import { ASSET, TENANT } from '../testing.ts'
import { assetsPage } from './lists.ts'
import type { SentQuery } from './query-parameters.ts'

/** A store that returns `page` and records queries. */
function storeOf(page: Page<Asset, string>) {
  const queries: { after: string | null; limit: number }[] = []
  return {
    queries,
    async listAssets(_tenant: Tenant, query: { after: string | null; limit: number }) {
      queries.push(query)
      return page
    },
  }
}

/** The query that the store gets for a query string. */
async function storeQueryFor(query: SentQuery) {
  const store = storeOf({ rows: [], next: null })
  await assetsPage(TENANT, query, store)
  return store.queries[0]
}

async function assertRefused(query: Record<string, unknown>, message: string): Promise<void> {
  const store = storeOf({ rows: [], next: null })
  await assert.rejects(assetsPage(TENANT, query, store), (error) => {
    assert.ok(error instanceof ApiError)
    assert.deepEqual([error.status, error.message], [400, message], JSON.stringify(query))
    return true
  })
  assert.deepEqual(store.queries, [])
}

const ALL = { search: undefined, type: undefined, after: null }

describe('a page of assets', () => {
  it('has up to 50 assets from the start by default', async () => {
    assert.deepEqual(await storeQueryFor({}), { ...ALL, limit: 50 })
    assert.deepEqual(await storeQueryFor({ limit: '1' }), { ...ALL, limit: 1 })
    assert.deepEqual(await storeQueryFor({ limit: '200' }), { ...ALL, limit: 200 })
  })

  it('passes search and type to the store', async () => {
    const expected = { ...ALL, search: 'tr', type: 'Truck', limit: 50 }
    assert.deepEqual(await storeQueryFor({ search: 'tr', type: 'Truck' }), expected)
    // The longest name, of code points with two UTF-16 units each.
    const long = '😀'.repeat(255)
    assert.deepEqual(await storeQueryFor({ search: long }), { ...ALL, search: long, limit: 50 })
    for (const name of ['search', 'type']) {
      for (const value of ['', ' ', 'x'.repeat(256), ['a', 'b'], 'a\0b']) {
        await assertRefused({ [name]: value }, `Invalid ${name}`)
      }
    }
  })

  it('refuses a limit that is not a whole number from 1 to 200', async () => {
    const limits = ['', '0', '201', '-1', '1.5', '1e2', '0x10', ' 5', 'all', '9999999', null, 5]
    for (const limit of [...limits, ['1', '2'], {}]) await assertRefused({ limit }, 'Invalid limit')
  })

  it('continues from its cursor, whatever characters the id has', async () => {
    for (const next of [
      'truck',
      'ünï 漢 😀',
      '/?#+=&',
      ' ',
      '\ufefftruck',
      'x'.repeat(255),
      '漢'.repeat(255),
    ]) {
      const { next_cursor } = await assetsPage(TENANT, {}, storeOf({ rows: [ASSET], next }))
      assert.match(String(next_cursor), /^[A-Za-z0-9_-]+$/, 'needs no escaping in a URL')
      assert.equal((await storeQueryFor({ cursor: next_cursor }))?.after, next)
    }
  })

  it('refuses a cursor that it cannot have returned', async () => {
    const cursors = [
      '',
      'a b',
      'dHJ1Y2s=',
      'dHJ1Y2s+',
      '*',
      'x'.repeat(2049),
      null,
      7,
      ['dA', 'dA'],
    ]
    // Truncated, with unused bits set, or not UTF-8: treating it as the start would loop.
    for (const cursor of [...cursors, 'A', 'dHJ1Y', 'dB', '_w']) {
      await assertRefused({ cursor }, 'Invalid cursor')
    }
  })
})
