/** Pages are also limited in bytes, so that a page of large rows fits in memory. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { MAX_FEED_LENGTH, MAX_PAGE_LENGTH } from '../page.ts'
import type { Page } from '../store.ts'
import {
  measurementOf,
  NOW_MS,
  observationOf,
  occurrenceOf,
  type StorePromise,
  TENANT,
} from './samples.ts'

const ROWS = 7
/** Of multi-byte characters. Three of them exceed a page, two do not. */
const LARGE = '€'.repeat((0.97 * MAX_PAGE_LENGTH) / 3 / 2)
const PAGES = [3, 3, 1]

const numbers = Array.from({ length: ROWS }, (_, index) => index)

/** Observations with large payloads. */
function largeRows() {
  return numbers.map((index) =>
    observationOf({
      asset_id: `asset-${index}`,
      payload: JSON.stringify({ index, LARGE }),
      timestamp_ms: NOW_MS + index,
    }),
  )
}

/** Observations with large metrics and events. */
function largeParts() {
  return numbers.map((index) => {
    const timestamp_ms = NOW_MS + index
    return observationOf({
      timestamp_ms,
      metrics: [
        measurementOf({ key: 'x.own', timestamp_ms, value: { LARGE } }),
        measurementOf({ key: `x.key${index}`, timestamp_ms, value: { LARGE } }),
      ],
      events: [occurrenceOf({ timestamp_ms, severity: 'low', payload: JSON.stringify({ LARGE }) })],
    })
  })
}

/** The number of rows of each page. */
async function sizesOf<After>(
  read: (after: After | null) => Promise<Page<unknown, After>>,
): Promise<number[]> {
  const sizes: number[] = []
  let after: After | null = null
  do {
    const page: Page<unknown, After> = await read(after)
    sizes.push(page.rows.length)
    assert.ok(sizes.length <= ROWS, 'the pages do not end')
    after = page.next
  } while (after !== null)
  return sizes
}

export function testLargeRows(name: string, promise: StorePromise): void {
  describe(`${name}: large rows`, () => {
    promise('make pages of metrics and events short, without gaps', async ({ store }) => {
      await store.append(largeParts())
      for (const newestFirst of [false, true]) {
        const query = { limit: 100, newestFirst }
        const metrics = await sizesOf((after: readonly number[] | null) =>
          store.metrics(TENANT, 'truck', { ...query, key: 'x.own', after }),
        )
        const events = await sizesOf((after: readonly number[] | null) =>
          store.events(TENANT, { ...query, after }),
        )
        assert.deepEqual([metrics, events], [PAGES, PAGES])
      }
    })

    promise('make pages of the newest values short', async ({ store }) => {
      await store.append(largeParts())
      const sizes = await sizesOf((after: string | null) =>
        store.latestMetrics(TENANT, 'truck', after),
      )
      assert.deepEqual(sizes, [3, 3, 2])
    })

    promise('count towards the limit of a filtered page of events too', async ({ store }) => {
      await store.append(largeParts())
      const sizes = await sizesOf((after: readonly number[] | null) =>
        store.events(TENANT, { limit: 100, severity: 'high', after }),
      )
      assert.deepEqual(sizes, [0, 0, 0])
    })

    promise('make pages of assets short', async ({ store }) => {
      await store.append(largeRows())
      for (const search of [undefined, 'asset']) {
        const sizes = await sizesOf((after: string | null) =>
          store.listAssets(TENANT, { limit: 100, search, after }),
        )
        assert.deepEqual(sizes, PAGES)
      }
    })

    promise('are returned one at a time with a limit of one', async ({ store }) => {
      await store.append(largeRows())
      const sizes = await sizesOf((after: string | null) =>
        store.listAssets(TENANT, { limit: 1, after }),
      )
      assert.deepEqual(sizes, Array(ROWS).fill(1))
    })

    promise('are in feed pages of their own, small ones together', async ({ store }) => {
      const small = JSON.stringify('€'.repeat(MAX_FEED_LENGTH / 3 / 4))
      const payloads = [small, small, LARGE, small, LARGE, LARGE]
      await store.append(payloads.map((payload) => observationOf({ payload })))
      const sizes: number[] = []
      for (let [cursor, more] = [0, true]; more; ) {
        const feed = await store.readSince(TENANT, cursor, 100)
        sizes.push(feed.entries.length)
        ;[cursor, more] = [feed.cursor, feed.more]
      }
      assert.deepEqual(
        sizes.filter((size) => size > 0),
        [3, 2, 1],
      )
    })
  })
}
