/** Conformance: token quotas. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { QuotaTake } from '../ports/quotas.ts'
import type { AuthStore } from '../store.ts'
import { type StorePromise, TOGETHER } from './samples.ts'

const ASKED: QuotaTake = {
  client_id: 'first',
  hour: 100,
  day: 4,
  tokens_per_hour: 2,
  tokens_per_day: null,
  enforce: true,
}

const take = (store: AuthStore, changes: Partial<QuotaTake> = {}) =>
  store.takeQuota({ ...ASKED, ...changes })

export function testQuotas(name: string, promise: StorePromise): void {
  describe(`${name}: token quotas`, TOGETHER, () => {
    promise('let through what fits, and do not count above the limit', async ({ store }) => {
      assert.deepEqual(await take(store), { taken: true, hour_tokens: 1, day_tokens: 1 })
      assert.deepEqual(await take(store), { taken: true, hour_tokens: 2, day_tokens: 2 })
      assert.deepEqual(await take(store), { taken: false, hour_tokens: 2, day_tokens: 2 })
      assert.deepEqual(await take(store, { client_id: 'other' }), {
        taken: true,
        hour_tokens: 1,
        day_tokens: 1,
      })
    })

    promise('keep counting when they are only observed', async ({ store }) => {
      for (let count = 1; count <= 4; count++) {
        const { taken, hour_tokens } = await take(store, { enforce: false })
        assert.deepEqual({ taken, hour_tokens }, { taken: true, hour_tokens: count })
      }
    })

    promise('restart with the hour, and with the day', async ({ store }) => {
      await take(store)
      await take(store)
      const next = await take(store, { hour: 101 })
      assert.deepEqual(next, { taken: true, hour_tokens: 1, day_tokens: 3 })
      const tomorrow = await take(store, { hour: 124, day: 5 })
      assert.deepEqual(tomorrow, { taken: true, hour_tokens: 1, day_tokens: 1 })
    })

    promise('limit the day like the hour', async ({ store }) => {
      const bounds = { tokens_per_hour: null, tokens_per_day: 1 }
      assert.equal((await take(store, bounds)).taken, true)
      assert.deepEqual(await take(store, { ...bounds, hour: 101 }), {
        taken: false,
        hour_tokens: 0,
        day_tokens: 1,
      })
    })

    promise('are not restarted by an instance whose clock is slow', async ({ store }) => {
      await take(store, { hour: 101 })
      await take(store, { hour: 101 })
      assert.equal((await take(store, { hour: 100 })).taken, false)
      assert.equal((await take(store, { hour: 101 })).taken, false)
    })

    promise('do not starve a client after a clock was far ahead', async ({ store }) => {
      await take(store, { hour: 9000, day: 400 })
      await take(store, { hour: 9000, day: 400 })
      assert.deepEqual(await take(store), { taken: true, hour_tokens: 1, day_tokens: 1 })
    })

    promise('are exact for several processes at once, and survive them', async (stores) => {
      const handles = [stores.store, await stores.openAnother(), await stores.openAnother()]
      const takes = Array.from({ length: 30 }, (_, turn) =>
        take(handles[turn % 3] as AuthStore, { tokens_per_hour: 10 }),
      )
      const taken = (await Promise.all(takes)).filter((count) => count.taken)
      assert.equal(taken.length, 10)
      const reopened = await stores.reopen()
      assert.equal((await take(reopened, { tokens_per_hour: 10 })).taken, false)
    })
  })
}
