/** Conformance: refusals are listed to their tenant alone, and counts add up. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { type RefusalEntry, refusalId } from '../../records/activity.ts'
import { usageOfToken } from '../../records/usage.ts'
import type { RefusalQuery } from '../ports/activity.ts'
import type { AuthStore } from '../store.ts'
import { newClient, ORGANIZATION, populate, type StorePromise, TOGETHER } from './samples.ts'

const { org_id } = ORGANIZATION
const AT_MS = Date.parse('2026-05-01T10:20:00.000Z')
const HOUR = Date.parse('2026-05-01T10:00:00.000Z') / 1000
const DAY = Date.parse('2026-05-01T00:00:00.000Z') / 1000

let made = 0

/** @param minutes after 10:20 on 1 May 2026. */
export function refusalAt(minutes: number, changes: Partial<RefusalEntry> = {}): RefusalEntry {
  return {
    id: refusalId(AT_MS + minutes * 60_000, String(made++).padStart(8, '0')),
    org_id,
    environment: 'development',
    client_id: 'first',
    kind: 'wrong_secret',
    endpoint: 'POST /api/v1/login',
    status: 401,
    detail: {},
    address: '192.0.2.1',
    user_agent: null,
    request_id: 'r1',
    times: 1,
    ...changes,
  }
}

const QUERY: RefusalQuery = {
  tenant: { org_id, environment: 'development' },
  unattributed: false,
  since: '2026-01-01T00:00:00.000Z',
  before: null,
  limit: 10,
}

const list = (store: AuthStore, changes: Partial<RefusalQuery> = {}) =>
  store.listRefusals({ ...QUERY, ...changes })

const counts = (store: AuthStore, client_id: string | null) =>
  store.listActivity({
    ...{ org_id, environment: 'development', client_id },
    ...{ from: DAY, to: DAY + 86_400 },
  })

export function testActivity(name: string, promise: StorePromise): void {
  describe(`${name}: refusals`, TOGETHER, () => {
    promise('come back as they were added, newest first', async ({ store }) => {
      const older = refusalAt(0, { detail: { audience: 'https://a' }, user_agent: 'a\0b' })
      const newer = refusalAt(1, { times: 7 })
      await store.addRefusals([newer, older])
      await store.addRefusals([])
      const found = await list(store)
      assert.deepEqual(found[0], newer)
      assert.deepEqual(found[1], { ...older, user_agent: found[1]?.user_agent })
      assert.equal(found.length, 2)
    })

    promise('are filtered, and paged without a gap', async ({ store }) => {
      const all = Array.from({ length: 7 }, (_, index) =>
        refusalAt(index, { client_id: index % 2 ? 'second' : 'first', kind: `kind_${index % 3}` }),
      )
      await store.addRefusals(all)
      const ids = async (changes: Partial<RefusalQuery>) =>
        (await list(store, changes)).map(({ id }) => all.findIndex((one) => one.id === id))
      assert.deepEqual(await ids({ client_id: 'second' }), [5, 3, 1])
      assert.deepEqual(await ids({ kind: 'kind_0' }), [6, 3, 0])
      assert.deepEqual(await ids({ since: new Date(AT_MS + 240_000).toISOString() }), [6, 5, 4])
      assert.deepEqual(await ids({ limit: 3 }), [6, 5, 4])
      assert.deepEqual(await ids({ limit: 3, before: all[4]?.id as string }), [3, 2, 1])
      assert.deepEqual(await ids({ client_id: "x' OR 1=1 --" }), [])
    })

    promise(
      'of another tenant are not listed, and of no tenant only on demand',
      async ({ store }) => {
        const own = refusalAt(0)
        const unknown = refusalAt(1, { org_id: null, environment: null, client_id: null })
        await store.addRefusals([
          own,
          unknown,
          refusalAt(2, { environment: 'production' }),
          refusalAt(3, { org_id: 'org_2' }),
        ])
        assert.deepEqual(await list(store), [own])
        assert.deepEqual(await list(store, { unattributed: true }), [unknown, own])
        assert.deepEqual(await list(store, { unattributed: true, limit: 1 }), [unknown])
        assert.equal((await list(store, { tenant: null })).length, 4)
      },
    )

    promise('are swept by age and by number, a few at a time', async ({ store }) => {
      await store.addRefusals(Array.from({ length: 6 }, (_, index) => refusalAt(index)))
      const left = async () => (await list(store)).length
      await store.sweepActivity(AT_MS / 1000 + 60, 100, 10)
      assert.equal(await left(), 5)
      assert.equal(await store.sweepActivity(0, 2, 2), 2)
      assert.equal(await left(), 3)
      assert.equal(await store.sweepActivity(0, 2, 2), 1)
      assert.equal(await store.sweepActivity(0, 2, 2), 0)
      assert.equal(await left(), 2)
    })
  })

  describe(`${name}: refusals of one tenant`, TOGETHER, () => {
    promise('displace none of another, nor those of no tenant', async ({ store }) => {
      const noisy = Array.from({ length: 7 }, (_, index) => refusalAt(10 + index))
      const quiet = [0, 1].map((at) => refusalAt(at, { org_id: 'org_2' }))
      const nowhere = refusalAt(2, { org_id: null, environment: null, client_id: null })
      await store.addRefusals([...noisy, ...quiet, nowhere])
      while ((await store.sweepActivity(0, 5, 3)) > 0);
      const left = (await list(store, { tenant: null })).map(({ id }) => id)
      const expected = [...noisy.slice(-2).reverse(), nowhere, ...quiet.reverse()]
      assert.deepEqual(
        left,
        expected.map(({ id }) => id),
      )
    })
  })

  describe(`${name}: counts over time`, TOGETHER, () => {
    promise('add up by the hour for the tenant, by the day for the client', async (stores) => {
      const other = await stores.openAnother()
      await populate(stores.store)
      await stores.store.createClients([newClient('later')])
      const early = { iat: AT_MS / 1000, lifetimeSeconds: 60, early: true }
      const clients = [
        usageOfToken('first', { ...early, early: false }),
        usageOfToken('later', early),
        usageOfToken('gone', early),
      ]
      await stores.store.addUsage({ clients, secrets: [] })
      await other.addUsage({ clients: clients.toReversed(), secrets: [] })
      await other.addRefusals([refusalAt(0, { times: 5 }), refusalAt(1), refusalAt(60)])
      assert.deepEqual(await counts(stores.store, null), [
        { start: HOUR, kind: 'token', count: 4 },
        { start: HOUR, kind: 'token_early', count: 2 },
        { start: HOUR, kind: 'wrong_secret', count: 6 },
        { start: HOUR + 3600, kind: 'wrong_secret', count: 1 },
      ])
      assert.deepEqual(await counts(stores.store, 'first'), [
        { start: DAY, kind: 'token', count: 2 },
        { start: DAY, kind: 'wrong_secret', count: 7 },
      ])
      assert.deepEqual(await counts(stores.store, 'gone'), [])
    })

    promise('are swept when they are old', async ({ store }) => {
      await store.addRefusals([refusalAt(0)])
      await store.sweepActivity(HOUR, 100, 10)
      assert.deepEqual(
        (await counts(store, null)).map(({ start }) => start),
        [HOUR],
      )
      await store.sweepActivity(HOUR + 1, 100, 10)
      assert.deepEqual(await counts(store, null), [])
    })
  })
}
