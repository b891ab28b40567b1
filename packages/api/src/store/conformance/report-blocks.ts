/** Old reports are moved into blocks, and every answer stays as it was. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TestStore } from '@modulariot/platform/testing/store-promises'
import type { FeedEntry, Observation, TelemetryStore } from '../store.ts'
import { assetOf, observationOf, TENANT, TOGETHER } from './samples.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/**
 * When maintenance runs: PostgreSQL moves nothing on the day after the migration. Reports are
 * received days before, if a test says nothing else.
 */
const LATER_MS = Date.now() + 3 * DAY_MS
const RECEIVED_MS = LATER_MS - 2 * DAY_MS

export interface Placed {
  /** The numbers of the reports that are rows, in order. */
  readonly rows: readonly number[]
  /** In order. */
  readonly blocks: readonly { readonly until_seq: number; readonly reports: number }[]
}

export interface BlockPlace extends TestStore<TelemetryStore> {
  placed(): Promise<Placed>
  /**
   * Interrupts what writes a block that ends at this number or a later one.
   *
   * @returns a function that ends it.
   */
  interruptFrom(until_seq: number): Promise<() => Promise<void>>
}

/** Of ten assets in turn, a second apart. */
function reports(
  count: number,
  change: (index: number) => Partial<Observation> = () => ({}),
  first = 0,
): Observation[] {
  return range(first, first + count - 1).map((index) =>
    observationOf({
      asset_id: `asset-${index % 10}`,
      timestamp_ms: RECEIVED_MS + index * 1000,
      received_ms: RECEIVED_MS + index * 1000 + 7,
      payload: JSON.stringify({ index, speed: 80 + (index % 7), note: 'ñ 🚚' }),
      ...change(index),
    }),
  )
}

/** All of the feed, page by page. */
async function feedOf(store: TelemetryStore, limit = 1000, after = 0): Promise<FeedEntry[]> {
  const entries: FeedEntry[] = []
  for (let [cursor, more] = [after, true]; more; ) {
    const page = await store.readSince(TENANT, cursor, limit)
    assert.ok(page.entries.length <= limit)
    assert.ok(page.entries.length > 0 || !page.more, 'a page that is not the last has entries')
    entries.push(...page.entries.map((entry) => ({ ...entry })))
    ;[cursor, more] = [page.cursor, page.more]
  }
  return entries
}

const sizes = ({ blocks }: Placed): (readonly [number, number])[] =>
  blocks.map(({ until_seq, reports }) => [until_seq, reports])

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

export function testReportBlocks(name: string, open: () => Promise<BlockPlace>): void {
  const promise = (sentence: string, run: (place: BlockPlace) => Promise<void>): void => {
    it(sentence, async () => {
      const place = await open()
      try {
        await run(place)
      } finally {
        await place.store.close()
        await place.destroy()
      }
    })
  }

  describe(`${name}: old reports`, TOGETHER, () => {
    promise('are moved into blocks, and read as before', async ({ store, placed }) => {
      await store.append(reports(1000))
      await store.append(reports(100, undefined, 1000))
      const before = await feedOf(store)
      assert.equal(before.length, 1100)
      assert.deepEqual(await store.maintain(LATER_MS, null), {
        removedRows: 0,
        droppedPartitions: 0,
      })
      const after = await placed()
      assert.deepEqual(sizes(after), [
        [511, 511],
        [1023, 512],
      ])
      assert.deepEqual(after.rows, [...range(1024, 1100)])
      for (const limit of [37, 511, 512, 513, 1000, 5000]) {
        assert.deepEqual(await feedOf(store, limit), before, `${limit} a page`)
      }
      for (const cursor of [1, 510, 511, 512, 1022, 1023, 1024, 1099, 1100]) {
        assert.deepEqual(await feedOf(store, 300, cursor), before.slice(cursor), `from ${cursor}`)
      }
      const first = await store.readSince(TENANT, 3, 1)
      assert.deepEqual([first.entries.length, first.cursor, first.more], [1, 4, true])
      assert.deepEqual(await store.readSince(TENANT, null, 1), {
        ...{ entries: [], cursor: 1100, more: false },
      })
      await store.maintain(LATER_MS, null)
      assert.deepEqual(await placed(), after, 'nothing is left to move')
    })

    promise('stay rows while they are young', async ({ store, placed }) => {
      const young = (index: number) =>
        index % 3 === 0 ? { received_ms: LATER_MS - HOUR_MS, asset_id: 'other' } : {}
      await store.append(reports(600, young))
      const before = await feedOf(store)
      await store.maintain(LATER_MS, null)
      const { blocks, rows } = await placed()
      assert.deepEqual(
        blocks.map((block) => block.reports),
        [511 - 171],
      )
      assert.deepEqual(
        rows.filter((seq) => seq < 512),
        range(1, 511).filter((seq) => seq % 3 === 1),
      )
      assert.deepEqual(await feedOf(store, 100), before)
      // Their block is there by then.
      await store.maintain(LATER_MS + 3 * HOUR_MS, null)
      assert.deepEqual(sizes(await placed()), [[511, 511]])
      assert.deepEqual(await feedOf(store, 100), before)
    })

    promise('stay rows while they are the newest of their assets', async ({ store, placed }) => {
      const alone = (index: number) =>
        index % 100 === 50 || index < 3 ? { asset_id: `alone-${index}` } : {}
      await store.append(reports(600, alone))
      const before = await feedOf(store)
      const assets = await store.listAssets(TENANT, { after: null, limit: 100 })
      await store.maintain(LATER_MS, null)
      const newest = [1, 2, 3, 51, 151, 251, 351, 451]
      assert.deepEqual(
        (await placed()).rows.filter((seq) => seq < 512),
        newest,
      )
      assert.deepEqual(await store.listAssets(TENANT, { after: null, limit: 100 }), assets)
      assert.equal((await assetOf(store, 'alone-250')).payload, before[250]?.payload)
      for (const limit of [1, 2, 3, 100]) assert.deepEqual(await feedOf(store, limit), before)
      // Late data does not change which is the newest, newer data does.
      const timestamp_ms = LATER_MS - 3 * HOUR_MS
      await store.append([
        observationOf({ asset_id: 'alone-250', timestamp_ms }),
        observationOf({ asset_id: 'alone-350', timestamp_ms: RECEIVED_MS - DAY_MS }),
        observationOf({ asset_id: 'alone-50', timestamp_ms }),
      ])
      const all = await feedOf(store)
      await store.maintain(LATER_MS, null)
      const { rows, blocks } = await placed()
      assert.deepEqual(
        rows.filter((seq) => seq < 512),
        [1, 2, 3, 151, 351, 451],
      )
      assert.deepEqual(
        blocks.map((block) => block.reports),
        [505],
      )
      assert.deepEqual(await feedOf(store, 50), all)
    })

    promise('of many bytes are in blocks of their own', async ({ store, placed }) => {
      const large = 'é'.repeat(100_000)
      const payload = (index: number) => JSON.stringify({ index, large })
      const some = (index: number) => ({
        ...(index % 60 === 1 && { payload: payload(index) }),
        ...(index === 301 && { payload: payload(index).repeat(7) }),
        ...(index % 100 === 50 && { asset_id: `alone-${index}` }),
      })
      await store.append(reports(600, some))
      const before = await feedOf(store)
      await store.maintain(LATER_MS, null)
      const { blocks } = await placed()
      assert.ok(blocks.length >= 5, `${blocks.length} blocks`)
      assert.ok(blocks.some((block) => block.reports === 1))
      assert.equal(
        blocks.reduce((sum, block) => sum + block.reports, 0),
        511 - 5,
      )
      assert.deepEqual(await feedOf(store), before)
      assert.deepEqual(await feedOf(store, 7), before)
      // Each of these joins another of the blocks.
      const late = [50, 150, 350, 450].map((index) =>
        observationOf({ asset_id: `alone-${index}`, timestamp_ms: LATER_MS - 3 * HOUR_MS }),
      )
      await store.append(late)
      const all = await feedOf(store)
      await store.maintain(LATER_MS, null)
      assert.deepEqual(
        (await placed()).rows.filter((seq) => seq < 512),
        [251],
      )
      assert.deepEqual(await feedOf(store), all)
      assert.deepEqual(await feedOf(store, 7), all)
    })

    promise('are still known when they are sent again', async ({ store, placed }) => {
      const batch = reports(600)
      await store.append(batch)
      await store.maintain(LATER_MS, null)
      assert.equal((await placed()).blocks.length, 1)
      assert.deepEqual(await store.append(batch), Array(600).fill('replayed'))
      const changed = batch.map((one) => ({ ...one, body_digest: Buffer.alloc(32) }))
      assert.deepEqual(await store.append(changed), Array(600).fill('conflict'))
    })

    promise('are of several tenants, each with blocks of its own', async ({ store, placed }) => {
      const other = { ...TENANT, org_id: 'org_2' }
      await store.append(reports(600))
      await store.append(reports(550, () => other))
      const before = await store.readSince(other, 0, 700)
      await store.maintain(LATER_MS, null)
      assert.deepEqual(sizes(await placed()), [
        [511, 511],
        [511, 511],
      ])
      assert.deepEqual(await store.readSince(other, 0, 700), before)
      assert.equal((await feedOf(store)).length, 600)
    })

    promise('are each read once while they are moved', async (place) => {
      const { store } = place
      const reader = await place.openAnother()
      await store.append(reports(1000))
      await store.append(reports(1000))
      const before = await feedOf(reader)
      let isMoving = true
      const moved = store.maintain(LATER_MS, null).then(() => {
        isMoving = false
      })
      let reads = 0
      do {
        assert.deepEqual(await feedOf(reader, 1500), before)
        reads++
      } while (isMoving)
      await moved
      assert.ok(reads > 0)
      assert.deepEqual(await feedOf(reader, 1500), before)
      await reader.close()
    })

    promise('are neither lost nor doubled when moving is interrupted', async (place) => {
      const { store, placed } = place
      await store.append(reports(1000))
      await store.append(reports(1000))
      const before = await feedOf(store)
      const end = await place.interruptFrom(1000)
      await assert.rejects(store.maintain(LATER_MS, null))
      assert.deepEqual(await feedOf(store), before)
      const { rows, blocks } = await placed()
      const inBlocks = blocks.reduce((sum, block) => sum + block.reports, 0)
      assert.equal(rows.length + inBlocks, 2000)
      assert.ok(rows.length > 900)
      await end()
      await store.maintain(LATER_MS, null)
      assert.deepEqual(sizes(await placed()), [
        [511, 511],
        [1023, 512],
        [1535, 512],
      ])
      assert.deepEqual(await feedOf(store), before)
    })

    promise('expire with their device time, in blocks and rows', async ({ store, placed }) => {
      const old = (index: number) => {
        const isOld = index < 520 ? true : index % 4 === 0
        return isOld ? { timestamp_ms: LATER_MS - 100 * DAY_MS - index } : {}
      }
      await store.append(reports(1000, old))
      await store.append(reports(100, undefined, 1000))
      await store.maintain(LATER_MS, null)
      assert.equal((await placed()).blocks.length, 2)
      const before = await feedOf(store)
      const report = await store.maintain(LATER_MS, 30)
      assert.ok(report.removedRows + report.droppedPartitions > 0)
      const retained = before.filter(({ timestamp_ms }) => timestamp_ms > LATER_MS - 30 * DAY_MS)
      assert.equal(retained.length, 460)
      assert.deepEqual(await feedOf(store), retained)
      const after = await placed()
      assert.deepEqual(sizes(after), [[1023, 383]])
      await store.maintain(LATER_MS, 30)
      assert.deepEqual(await placed(), after)
      await store.maintain(LATER_MS + 50 * DAY_MS, 30)
      assert.deepEqual(await feedOf(store), [])
      assert.deepEqual(await placed(), { rows: [], blocks: [] })
    })

    promise('of an erased asset go, in blocks and rows, and no others', async (place) => {
      const { store, placed } = place
      const one = (index: number) => (index < 511 ? {} : { asset_id: `late-${index % 3}` })
      await store.append(reports(1000, one))
      await store.append(reports(200))
      await store.maintain(LATER_MS, null)
      const before = await feedOf(store)
      for (const asset_id of ['asset-3', 'late-1']) {
        assert.notEqual(await store.eraseAsset(TENANT, asset_id), null)
      }
      const left = before.filter(({ asset_id }) => asset_id !== 'asset-3' && asset_id !== 'late-1')
      assert.ok(left.length < 1000 && left.length > 700)
      assert.deepEqual(await feedOf(store), left)
      const { rows, blocks } = await placed()
      const inBlocks = blocks.reduce((sum, block) => sum + block.reports, 0)
      assert.equal(rows.length + inBlocks, left.length)
      assert.deepEqual(await store.append([observationOf({ asset_id: 'asset-3' })]), ['stored'])
      assert.equal((await feedOf(store)).length, left.length + 1)
    })

    promise('of all assets may be erased', async ({ store, placed }) => {
      await store.append(reports(600))
      await store.maintain(LATER_MS, null)
      const names = Array.from({ length: 10 }, (_, index) => `asset-${index}`)
      await Promise.all(names.map((asset_id) => store.eraseAsset(TENANT, asset_id)))
      assert.deepEqual(await placed(), { rows: [], blocks: [] })
      assert.deepEqual(await feedOf(store), [])
      assert.equal((await store.readSince(TENANT, null, 1)).cursor, 600)
    })
  })
}
