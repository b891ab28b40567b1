import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextRound } from 'node:timers/promises'
import { createSlices } from './slices.ts'

/** Runs its slices one after the other, and logs each. */
async function work(
  name: string,
  slices: number,
  next: (name: string) => Promise<void>,
  log: string[],
) {
  for (let slice = 0; slice < slices; slice++) {
    await next(name)
    log.push(name)
  }
}

describe('slices', () => {
  it('run once per so many rounds of the event loop, however many wait', async () => {
    const next = createSlices(3)
    const log: string[] = []
    const all = Promise.all(['a', 'a', 'b', 'c'].map((name) => work(name, 3, next, log)))
    for (let round = 1; round <= 36; round++) {
      await nextRound()
      assert.equal(log.length, Math.ceil(round / 3))
    }
    await all
  })

  it('let a short request of several steps be answered before the next', async () => {
    const next = createSlices()
    const log: string[] = []
    const all = work('long', 3, next, log)
    for (let request = 0; request < 2; request++) {
      while (log.at(-1) !== 'long') await nextRound()
      for (let step = 0; step < 3; step++) await nextRound()
      log.push('short')
    }
    await all
    assert.deepEqual(log, ['long', 'short', 'long', 'short', 'long'])
  })

  it('alternate between names: one with many slices does not delay another', async () => {
    const next = createSlices()
    const log: string[] = []
    const many = Array.from({ length: 20 }, () => work('many', 1, next, log))
    const one = work('one', 3, next, log)
    await one
    assert.ok(log.length <= 7, log.join())
    await Promise.all(many)
    assert.equal(log.length, 23)
  })
})
