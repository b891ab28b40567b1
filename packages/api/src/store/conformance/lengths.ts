/** Pages of long values, events and reports, each of which may be a mebibyte. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { MAX_PAGE_LENGTH } from '../page.ts'
import type { Page } from '../store.ts'
import {
  measurementOf,
  NOW_MS,
  observationOf,
  occurrenceOf,
  pagesOf,
  type StorePromise,
  TENANT,
  TOGETHER,
} from './samples.ts'

const LONG = 'x'.repeat(MAX_PAGE_LENGTH / 2)
const INDEXES = [0, 1, 2, 3, 4]

/** Five of each. Two fill a page. */
const long = INDEXES.map((index) =>
  observationOf({
    asset_id: `truck-${index}`,
    payload: JSON.stringify({ index, LONG }),
  }),
)
const series = observationOf({
  asset_id: 'truck',
  metrics: INDEXES.flatMap((index) => [
    measurementOf({ key: 'x.long', timestamp_ms: NOW_MS + index, value: LONG + index }),
    measurementOf({ key: `x.long${index}`, value: LONG + index }),
  ]),
  events: INDEXES.map((index) =>
    occurrenceOf({ timestamp_ms: NOW_MS + index, payload: JSON.stringify({ index, LONG }) }),
  ),
})

export function testLengths(name: string, promise: StorePromise): void {
  describe(`${name}: a page`, TOGETHER, () => {
    promise('of long rows ends early, and the next one continues', async ({ store }) => {
      await store.append([series])
      const lists = {
        metrics: (query: { after: readonly number[] | null; limit: number }) =>
          store.metrics(TENANT, 'truck', { key: 'x.long', ...query }),
        events: (query: { after: readonly number[] | null; limit: number }) =>
          store.events(TENANT, query),
        'events of a severity': (query: { after: readonly number[] | null; limit: number }) =>
          store.events(TENANT, { severity: 'high', ...query }),
      }
      for (const [list, read] of Object.entries(lists)) {
        const sizes: number[] = []
        const rows = await pagesOf<unknown>(async (after) => {
          const page: Page<unknown> = await read({ after, limit: 100 })
          sizes.push(page.rows.length)
          return page
        })
        assert.ok(Math.max(...sizes) <= 3, `${list}: ${sizes}`)
        assert.ok(sizes.length > 2, `${list}: ${sizes}`)
        assert.equal(rows.length, list === 'events of a severity' ? 0 : 5, list)
      }
    })

    promise('of assets or of the feed ends early too', async ({ store }) => {
      await store.append(long)
      const assets: string[] = []
      for (let after: string | null = null, pages = 0; pages === 0 || after !== null; pages++) {
        const page: Page<{ asset_id: string }, string> = await store.listAssets(TENANT, {
          after,
          limit: 100,
        })
        assert.ok(page.rows.length <= 3)
        assets.push(...page.rows.map(({ asset_id }) => asset_id))
        after = page.next
      }
      assert.deepEqual(assets, ['truck-0', 'truck-1', 'truck-2', 'truck-3', 'truck-4'])
      let cursor = 0
      for (const index of INDEXES) {
        const feed = await store.readSince(TENANT, cursor, 16)
        assert.deepEqual(
          feed.entries.map(({ asset_id }) => asset_id),
          [`truck-${index}`],
        )
        cursor = feed.cursor
      }
    })

    promise('of newest values ends early too', async ({ store }) => {
      await store.append([series])
      const keys = (await store.latestMetrics(TENANT, 'truck', null)).rows.map(({ key }) => key)
      assert.deepEqual(keys.slice(0, 2), ['x.long', 'x.long0'])
      assert.ok(keys.length <= 3)
    })
  })
}
