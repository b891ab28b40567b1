import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StoreUnavailable } from '@modulariot/platform/storage'
import { createSemaphore } from './semaphore.ts'

describe('createSemaphore', () => {
  it('runs as many at a time as there are places, in order, whether they succeed or fail', async () => {
    const inTurn = createSemaphore(2, 60_000)
    let running = 0
    const seen: number[] = []
    const runs = Array.from({ length: 7 }, (_, index) =>
      inTurn(async () => {
        running++
        assert.ok(running <= 2)
        seen.push(index)
        await new Promise(setImmediate)
        running--
        if (index % 3 === 0) throw new Error('no')
        return index
      }),
    )
    const outcomes = await Promise.allSettled(runs)
    assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6])
    assert.deepEqual(
      outcomes.map(({ status }) => status === 'fulfilled'),
      seen.map((index) => index % 3 !== 0),
    )
  })

  it('refuses work that has waited too long, and continues with later work', async () => {
    const inTurn = createSemaphore(1, 5)
    const hanging = Promise.withResolvers<void>()
    const first = inTurn(() => hanging.promise)
    await assert.rejects(
      inTurn(async () => assert.fail('it was refused')),
      StoreUnavailable,
    )
    hanging.resolve()
    await first
    assert.equal(await inTurn(async () => 7), 7)
  })
})
