import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Tenant } from '../store/store.ts'
import { createTenantTurns } from './tenant-turns.ts'

const ONE: Tenant = { org_id: 'org_1', environment: 'production' }
const OTHER: Tenant = { ...ONE, environment: 'development' }
const LIMITS = { running: 2, waiting: 4, waitingPerTenant: 3, maxWaitMs: 10_000 }
const TOO_MANY = 'too many wait'

/**
 * A queue whose charts are read until they are told to be done, and the order in which they began.
 */
function createReader() {
  const queue = createTenantTurns(LIMITS, () => new Error(TOO_MANY))
  const begun: string[] = []
  const reading = new Map<string, PromiseWithResolvers<string>>()
  const ask = (name: string, tenant = ONE, signal = new AbortController().signal) =>
    queue.run(tenant, signal, () => {
      begun.push(name)
      const chart = Promise.withResolvers<string>()
      reading.set(name, chart)
      return chart.promise
    })
  async function finish(...names: string[]): Promise<void> {
    for (const name of names) {
      await setImmediate()
      assert.ok(reading.has(name), `${name} is being read`)
      reading.get(name)?.resolve(name)
    }
    await setImmediate()
  }
  return { ask, begun, reading, finish }
}

describe('turns of tenants', () => {
  it('are read two at a time, and each gets its own', async () => {
    const { ask, begun, finish } = createReader()
    const charts = ['a', 'b', 'c', 'd'].map((name) => ask(name))
    await setImmediate()
    assert.deepEqual(begun, ['a', 'b'])
    await finish('b')
    assert.deepEqual(begun, ['a', 'b', 'c'])
    await finish('a', 'c', 'd')
    assert.deepEqual(await Promise.all(charts), ['a', 'b', 'c', 'd'])
  })

  it('of one tenant are not in the way of another’s', async () => {
    const { ask, begun, finish } = createReader()
    const charts = ['a', 'b', 'c', 'd', 'e'].map((name) => ask(name))
    charts.push(ask('other', OTHER))
    await finish('a', 'b', 'c', 'other', 'd', 'e')
    assert.deepEqual(begun, ['a', 'b', 'c', 'other', 'd', 'e'])
    await Promise.all(charts)
  })

  it('wait no more than so many, of a tenant and in all', async () => {
    const { ask, finish } = createReader()
    const charts = ['a', 'b', 'c', 'd', 'e'].map((name) => ask(name))
    await assert.rejects(ask('f'), { message: TOO_MANY })
    charts.push(ask('g', OTHER))
    await assert.rejects(ask('h', OTHER), { message: TOO_MANY })
    await finish('a', 'b', 'c', 'g', 'd', 'e')
    await Promise.all(charts)
    const again = ask('i')
    await finish('i')
    assert.equal(await again, 'i')
  })

  it('are not read for who has left, and leave their place to the next', async () => {
    const { ask, begun, finish } = createReader()
    const gone = new AbortController()
    const charts = ['a', 'b'].map((name) => ask(name))
    const left = ['c', 'd'].map((name) => ask(name, ONE, gone.signal))
    charts.push(ask('e'))
    gone.abort(new Error('gone'))
    for (const one of left) await assert.rejects(one, /gone/)
    await assert.rejects(ask('f', ONE, gone.signal), /gone/)
    await finish('a', 'b', 'e')
    assert.deepEqual(begun, ['a', 'b', 'e'])
    await Promise.all(charts)
  })

  it('wait no longer than so long, and leave their place to the next', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { ask, begun, finish } = createReader()
    const charts = ['a', 'b'].map((name) => ask(name))
    const late = ['c', 'd', 'e'].map((name) => ask(name))
    t.mock.timers.tick(LIMITS.maxWaitMs - 1)
    charts.push(ask('other', OTHER))
    await finish('a')
    assert.deepEqual(begun, ['a', 'b', 'c'])
    t.mock.timers.tick(1)
    const tooLong = { message: TOO_MANY }
    for (const one of late.slice(1)) await assert.rejects(one, tooLong)
    charts.push(...late.slice(0, 1), ask('f'))
    t.mock.timers.tick(LIMITS.maxWaitMs - 2)
    await finish('b', 'c', 'other', 'f')
    assert.deepEqual(begun, ['a', 'b', 'c', 'other', 'f'])
    await Promise.all(charts)
  })

  it('that fail make room, too', async () => {
    const { ask, reading, finish } = createReader()
    const failing = [ask('a'), ask('b')].map((chart) => assert.rejects(chart, /broken/))
    await setImmediate()
    for (const chart of reading.values()) chart.reject(new Error('broken'))
    await Promise.all(failing)
    const next = ask('c')
    await finish('c')
    assert.equal(await next, 'c')
  })
})
