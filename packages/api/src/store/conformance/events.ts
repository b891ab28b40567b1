/** Events and the feed. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { EventQuery, Occurrence, Tenant } from '../store.ts'
import {
  at,
  fixOf,
  observationOf,
  occurrenceOf,
  pagesOf,
  type StorePromise,
  TENANT,
  TOGETHER,
} from './samples.ts'

/** An observation with one event. The payload identifies it. */
const withEvent = (
  second: number,
  payload: string,
  change: Partial<Occurrence> = {},
  asset_id = 'truck',
) =>
  observationOf({
    asset_id,
    events: [occurrenceOf({ timestamp_ms: at(second), payload, ...change })],
  })

export function testEvents(name: string, promise: StorePromise): void {
  describe(`${name}: events`, TOGETHER, () => {
    promise('are returned as sent, with the asset', async ({ store }) => {
      const event: Occurrence = {
        event_type: 'ünï 漢 %_',
        timestamp_ms: at(-5),
        severity: 'high',
        payload: ' {"event_type":"x", "v":1.0}\n',
      }
      await store.append([observationOf({ events: [event] })])
      const { rows } = await store.events(TENANT, { after: null, limit: 9 })
      assert.deepEqual(
        rows.map((row) => ({ ...row })),
        [{ ...event, asset_id: 'truck' }],
      )
    })

    promise('match the query, in pages of any size and in both directions', async ({ store }) => {
      const high = { severity: 'high' } as const
      const braking = { event_type: 'braking' }
      await store.append([
        withEvent(3, 'd', { ...high, ...braking }),
        withEvent(1, 'b', braking, 'van'),
        withEvent(1, 'c', {}),
        withEvent(0, 'a', high, 'van'),
        withEvent(3, 'e', braking),
      ])
      const queries: [Partial<EventQuery>, string][] = [
        [{}, 'abcde'],
        [{ asset_id: 'truck' }, 'cde'],
        [{ asset_id: 'van' }, 'ab'],
        [{ asset_id: 'boat' }, ''],
        [{ event_type: 'braking' }, 'bde'],
        [{ event_type: 'brak' }, ''],
        [{ event_type: 'braking', asset_id: 'truck' }, 'de'],
        [{ severity: 'high' }, 'ad'],
        [{ severity: 'low' }, ''],
        [{ severity: 'high', event_type: 'braking', asset_id: 'truck' }, 'd'],
        [{ from_ms: at(1) }, 'bcde'],
        [{ to_ms: at(3) }, 'abc'],
        [{ from_ms: at(1), to_ms: at(3), asset_id: 'truck' }, 'c'],
      ]
      for (const [query, expected] of queries) {
        for (const limit of [1, 2, 9]) {
          for (const newestFirst of [false, true]) {
            const rows = await pagesOf((after) =>
              store.events(TENANT, { ...query, after, limit, newestFirst }),
            )
            const found = rows.map(({ payload }) => payload)
            if (newestFirst) found.reverse()
            assert.equal(found.join(''), expected, JSON.stringify({ query, limit, newestFirst }))
          }
        }
      }
    })

    promise('are found however rare', async ({ store }) => {
      const events = Array.from({ length: 2500 }, (_, index) =>
        occurrenceOf({
          timestamp_ms: at(index),
          payload: `${index}`,
          severity: index === 2400 ? 'high' : null,
        }),
      )
      await store.append([observationOf({ events })])
      const rows = await pagesOf((after) =>
        store.events(TENANT, { severity: 'high', after, limit: 10 }),
      )
      assert.deepEqual(
        rows.map(({ payload }) => payload),
        ['2400'],
      )
    })
  })
}

export function testFeed(name: string, promise: StorePromise): void {
  describe(`${name}: the feed`, TOGETHER, () => {
    promise(
      'starts at the current cursor, and continues with new observations',
      async ({ store }) => {
        await store.append([observationOf(), observationOf()])
        const now = await store.readSince(TENANT, null, 10)
        assert.deepEqual(now.entries, [])
        const van = observationOf({ asset_id: 'van', timestamp_ms: at(-99), position: fixOf() })
        await store.append([van, observationOf()])
        const { entries, cursor, more } = await store.readSince(TENANT, now.cursor, 10)
        assert.deepEqual(
          entries.map(({ asset_id }) => asset_id),
          ['van', 'truck'],
        )
        const { asset_id, timestamp_ms, received_ms, payload } = van
        assert.deepEqual(
          { ...entries[0] },
          { cursor: entries[0]?.cursor, asset_id, timestamp_ms, received_ms, payload },
        )
        assert.deepEqual([cursor, more], [entries[1]?.cursor, false])
        assert.deepEqual((await store.readSince(TENANT, cursor, 10)).entries, [])
      },
    )

    promise('has pages without gaps, and can be resumed at each entry', async ({ store }) => {
      const { cursor: start } = await store.readSince(TENANT, null, 1)
      const batch = Array.from({ length: 7 }, () => observationOf())
      await store.append(batch)
      for (const limit of [1, 3, 7, 8]) {
        const payloads: string[] = []
        for (let [cursor, more] = [start, true]; more; ) {
          const feed = await store.readSince(TENANT, cursor, limit)
          for (const entry of feed.entries) payloads.push(entry.payload)
          ;[cursor, more] = [feed.cursor, feed.more]
        }
        assert.deepEqual(
          payloads,
          batch.map(({ payload }) => payload),
        )
      }
      const { entries } = await store.readSince(TENANT, start, 7)
      const later = await store.readSince(TENANT, entries[4]?.cursor ?? 0, 7)
      assert.deepEqual(
        later.entries.map(({ payload }) => payload),
        batch.slice(5).map(({ payload }) => payload),
      )
    })

    promise('does not contain replays and conflicts', async ({ store }) => {
      const one = observationOf()
      await store.append([one])
      const { cursor } = await store.readSince(TENANT, null, 1)
      await store.append([one, { ...one, body_digest: Buffer.alloc(32) }])
      assert.deepEqual((await store.readSince(TENANT, cursor, 9)).entries, [])
    })

    promise(
      'with a cursor beyond the current one continues from the current one',
      async ({ store }) => {
        await store.append([observationOf()])
        const feed = await store.readSince(TENANT, 1_000_000, 9)
        assert.deepEqual(feed.entries, [])
        await store.append([observationOf()])
        assert.equal((await store.readSince(TENANT, feed.cursor, 9)).entries.length, 1)
      },
    )

    promise('is complete while several processes write', async (stores) => {
      const writers = [stores.store, await stores.openAnother(), await stores.openAnother()]
      const reader = await stores.openAnother()
      const found: string[] = []
      const batches = writers.map(() =>
        Array.from({ length: 15 }, () => [observationOf(), observationOf()]),
      )
      let writing = writers.length
      const written = writers.map(async (store, index) => {
        for (const batch of batches[index] ?? []) await store.append(batch)
        writing--
      })
      let cursor = 0
      for (let last = false; !last; ) {
        last = writing === 0
        const feed = await reader.readSince(TENANT, cursor, 7)
        for (const { payload } of feed.entries) found.push(payload)
        cursor = feed.cursor
        last &&= !feed.more
        // Gives the writers a turn, even if the store resolves at once.
        await setImmediate()
      }
      await Promise.all(written)
      const sent = batches.flat(2).map(({ payload }) => payload)
      assert.deepEqual(found.toSorted(), sent.toSorted())
    })

    promise('notifies watchers until they stop', async ({ store }) => {
      const notified: (Tenant | null)[] = []
      let wake = (): void => {}
      const end = store.watch((tenant) => {
        notified.push(tenant)
        wake()
      })
      const notification = new Promise<void>((resolve) => {
        wake = resolve
      })
      await store.append([observationOf()])
      await notification
      const [first] = notified
      if (first !== null) assert.deepEqual({ ...first }, TENANT)
      end()
      const { length } = notified
      await store.append([observationOf()])
      await store.ping()
      assert.equal(notified.length, length)
    })
  })
}
