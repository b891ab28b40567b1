import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { singleFlight } from './single-flight.ts'

describe('singleFlight', () => {
  it('runs once for those that come meanwhile, and anew afterwards', async () => {
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

  it('hands a failure to those that share it, and tries anew afterwards', async () => {
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
