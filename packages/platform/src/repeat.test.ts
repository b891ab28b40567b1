import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { repeat } from './repeat.ts'

const SOON = { firstAfterMs: 0, intervalMs: 0 }

describe('repeated work', { timeout: 20_000 }, () => {
  it('continues after a failed round, and reports the error', async () => {
    const errors: unknown[] = []
    const third = Promise.withResolvers<void>()
    let rounds = 0
    const stop = repeat(
      async () => {
        rounds++
        if (rounds === 1) throw new Error('first')
        if (rounds === 3) third.resolve()
      },
      { ...SOON, onError: (error) => errors.push(error) },
    )
    await third.promise
    stop()
    assert.deepEqual(errors, [new Error('first')])
  })

  it('starts no further round once stopped, informs the current one and reports none of its errors', async () => {
    const begun = Promise.withResolvers<() => boolean>()
    const fail = Promise.withResolvers<void>()
    let rounds = 0
    const stop = repeat(
      async (stopped) => {
        rounds++
        begun.resolve(stopped)
        await fail.promise
      },
      { ...SOON, onError: () => assert.fail() },
    )
    const stopped = await begun.promise
    assert.equal(stopped(), false)
    stop()
    assert.equal(stopped(), true)
    fail.reject(new Error('closed'))
    await new Promise((resolve) => setTimeout(resolve, 5))
    assert.equal(rounds, 1)
  })
})
