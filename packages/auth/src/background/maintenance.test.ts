import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { maintainOnce, startMaintenance } from './maintenance.ts'

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5)

/** A store with this many rows to sweep, and a record of calls and errors. */
function setUp(rows = 0) {
  const seen = {
    sweeps: [] as number[],
    errors: [] as unknown[],
    keys: 0,
    rows,
    activityBefore: 0,
    unverifiedBefore: 0,
  }
  const options = {
    store: {
      async sweep(nowSeconds: number, limit: number) {
        assert.equal(nowSeconds, NOW / 1000)
        const swept = Math.min(seen.rows, limit)
        seen.rows -= swept
        seen.sweeps.push(swept)
        return swept
      },
      async sweepUnverified(beforeSeconds: number) {
        seen.unverifiedBefore = beforeSeconds
        return 0
      },
      async sweepActivity(beforeSeconds: number) {
        seen.activityBefore = beforeSeconds
        return 0
      },
    },
    activityRetentionDays: 2,
    verifiesAddresses: true,
    maintainKeys: async () => {
      seen.keys++
    },
    now: () => NOW,
    onError: (error: unknown) => seen.errors.push(error),
  }
  return { seen, options }
}

/** Resolves at each call to `maintainKeys`, in turn. */
function rounds() {
  let arrived = Promise.withResolvers<void>()
  return {
    maintainKeys: async () => arrived.resolve(),
    async next() {
      await arrived.promise
      arrived = Promise.withResolvers()
    },
  }
}

describe('maintenance', { timeout: 20_000 }, () => {
  it('removes accounts that were never verified, after a week, where addresses are', async () => {
    const { seen, options } = setUp()
    await maintainOnce({ ...options, verifiesAddresses: false })
    assert.equal(seen.unverifiedBefore, 0)
    await maintainOnce(options)
    assert.equal(seen.unverifiedBefore, NOW / 1000 - 7 * 86_400)
  })

  it('sweeps in bounded steps until nothing is left, and yields between them', async () => {
    const { seen, options } = setUp(1100)
    let turns = 0
    const count = setImmediate(function again() {
      turns++
      if (seen.rows > 0) setImmediate(again)
    })
    await maintainOnce(options)
    clearImmediate(count)
    assert.deepEqual(seen.sweeps, [500, 500, 100, 0])
    assert.ok(turns >= 2, `${turns} turns of others`)
    assert.equal(seen.keys, 1)
    assert.equal(seen.activityBefore, NOW / 1000 - 2 * 86_400)
  })

  it('sweeps even when the keys cannot be maintained, and reports why', async () => {
    const { seen, options } = setUp(1)
    const maintainKeys = () => Promise.reject(new Error('sealed with another key'))
    await maintainOnce({ ...options, maintainKeys })
    assert.deepEqual(seen.errors.map(String), ['Error: sealed with another key'])
    assert.equal(seen.rows, 0)
  })

  it('survives a failing store, and tries again', async () => {
    const { seen, options } = setUp()
    const store = { ...options.store, sweep: () => Promise.reject(new Error('gone')) }
    const { maintainKeys, next } = rounds()
    const often = { firstAfterMs: 0, intervalMs: 1 }
    const stop = startMaintenance({ ...options, store, maintainKeys, ...often })
    for (let round = 0; round < 3; round++) await next()
    stop()
    assert.ok(seen.errors.length >= 2)
    assert.equal(String(seen.errors[0]), 'Error: gone')
  })

  for (const fails of [false, true]) {
    const how = fails
      ? 'and says nothing of a store that was closed'
      : 'not even the rest of a sweep'
    it(`does no more once it is stopped, ${how}`, async () => {
      const { seen, options } = setUp(5000)
      const begun = Promise.withResolvers<void>()
      const ended = Promise.withResolvers<void>()
      const store = {
        ...options.store,
        async sweep(nowSeconds: number, limit: number) {
          begun.resolve()
          await ended.promise
          if (fails) throw new Error('closed')
          return options.store.sweep(nowSeconds, limit)
        },
      }
      const stop = startMaintenance({ ...options, store, firstAfterMs: 0, intervalMs: 0 })
      await begun.promise
      stop()
      ended.resolve()
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
      assert.deepEqual([seen.sweeps, seen.errors, seen.keys], [fails ? [] : [500], [], 1])
    })
  }
})
