import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nextFlight, singleFlight } from './single-flight.ts'

describe('singleFlight', () => {
  it('runs once for callers that arrive during a run, and again afterwards', async () => {
    let runs = 0
    const gate = Promise.withResolvers<void>()
    const work = singleFlight(async () => {
      runs++
      await gate.promise
      return runs
    })
    const together = [work(), work(), work()]
    gate.resolve()
    assert.deepEqual(await Promise.all(together), [1, 1, 1])
    assert.equal(await work(), 2)
  })

  it('rejects every caller that shares a failed run, and tries again afterwards', async () => {
    let fails = true
    const work = singleFlight(async () => {
      if (fails) throw new Error('no disk')
      return 'done'
    })
    await assert.rejects(Promise.all([work(), work()]), /no disk/)
    fails = false
    assert.equal(await work(), 'done')
  })
})

describe('nextFlight', () => {
  it('begins after the call, once for all callers that wait, also after a failure', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let runs = 0
    const work = nextFlight(async () => {
      const run = runs++
      await gates[run]?.promise
      return run
    })
    const first = work()
    await new Promise(setImmediate)
    const waiting = [work(), work(), work()]
    await new Promise(setImmediate)
    assert.equal(runs, 1)
    gates[0]?.reject(new Error('no disk'))
    await assert.rejects(first, /no disk/)
    gates[1]?.resolve()
    assert.deepEqual(await Promise.all(waiting), [1, 1, 1])
    assert.equal(await work(), 2)
  })
})
