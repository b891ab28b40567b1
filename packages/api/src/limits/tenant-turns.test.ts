import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Tenant } from '../store/store.ts'
import { createTenantTurns } from './tenant-turns.ts'

const ONE: Tenant = { org_id: 'org_1', environment: 'production' }
const OTHER: Tenant = { ...ONE, environment: 'development' }
const LIMITS = { running: 2, waiting: 4, waitingPerTenant: 3, maxWaitMs: 10_000 }
const TOO_MANY = 'too many wait'

/** A queue whose charts run until `finish`, with the order in which they began. */
function createReader() {
  const queue = createTenantTurns(LIMITS, () => new Error(TOO_MANY))
  const begun: string[] = []
  const reading = new Map<string, PromiseWithResolvers<string>>()
  const run = (name: string, tenant = ONE, signal = new AbortController().signal) =>
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
  return { run, begun, reading, finish }
}

describe('turns of tenants', () => {
  it('run two at a time, and each returns its own result', async () => {
    const { run, begun, finish } = createReader()
    const charts = ['a', 'b', 'c', 'd'].map((name) => run(name))
    await setImmediate()
    assert.deepEqual(begun, ['a', 'b'])
    await finish('b')
    assert.deepEqual(begun, ['a', 'b', 'c'])
    await finish('a', 'c', 'd')
    assert.deepEqual(await Promise.all(charts), ['a', 'b', 'c', 'd'])
  })

  it('of one tenant do not delay those of another', async () => {
    const { run, begun, finish } = createReader()
    const charts = ['a', 'b', 'c', 'd', 'e'].map((name) => run(name))
    charts.push(run('other', OTHER))
    await finish('a', 'b', 'c', 'other', 'd', 'e')
    assert.deepEqual(begun, ['a', 'b', 'c', 'other', 'd', 'e'])
    await Promise.all(charts)
  })

  it('are refused when the queue of the tenant or of all tenants is full', async () => {
    const { run, finish } = createReader()
    const charts = ['a', 'b', 'c', 'd', 'e'].map((name) => run(name))
    await assert.rejects(run('f'), { message: TOO_MANY })
    charts.push(run('g', OTHER))
    await assert.rejects(run('h', OTHER), { message: TOO_MANY })
    await finish('a', 'b', 'c', 'g', 'd', 'e')
    await Promise.all(charts)
    const again = run('i')
    await finish('i')
    assert.equal(await again, 'i')
  })

  it('are removed from the queue when the client disconnects', async () => {
    const { run, begun, finish } = createReader()
    const gone = new AbortController()
    const charts = ['a', 'b'].map((name) => run(name))
    const left = ['c', 'd'].map((name) => run(name, ONE, gone.signal))
    charts.push(run('e'))
    gone.abort(new Error('gone'))
    for (const one of left) await assert.rejects(one, /gone/)
    await assert.rejects(run('f', ONE, gone.signal), /gone/)
    await finish('a', 'b', 'e')
    assert.deepEqual(begun, ['a', 'b', 'e'])
    await Promise.all(charts)
  })

  it('are removed from the queue after the maximum wait', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { run, begun, finish } = createReader()
    const charts = ['a', 'b'].map((name) => run(name))
    const late = ['c', 'd', 'e'].map((name) => run(name))
    t.mock.timers.tick(LIMITS.maxWaitMs - 1)
    charts.push(run('other', OTHER))
    await finish('a')
    assert.deepEqual(begun, ['a', 'b', 'c'])
    t.mock.timers.tick(1)
    const tooLong = { message: TOO_MANY }
    for (const one of late.slice(1)) await assert.rejects(one, tooLong)
    charts.push(...late.slice(0, 1), run('f'))
    t.mock.timers.tick(LIMITS.maxWaitMs - 2)
    await finish('b', 'c', 'other', 'f')
    assert.deepEqual(begun, ['a', 'b', 'c', 'other', 'f'])
    await Promise.all(charts)
  })

  it('that fail free their slot too', async () => {
    const { run, reading, finish } = createReader()
    const failing = [run('a'), run('b')].map((chart) => assert.rejects(chart, /broken/))
    await setImmediate()
    for (const chart of reading.values()) chart.reject(new Error('broken'))
    await Promise.all(failing)
    const next = run('c')
    await finish('c')
    assert.equal(await next, 'c')
  })
})
