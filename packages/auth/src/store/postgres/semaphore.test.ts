import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StoreUnavailable } from '@modulariot/platform/storage'
import { createSemaphore } from './semaphore.ts'

describe('turns', () => {
  it('are as many at a time as there are places, in order, whatever becomes of them', async () => {
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

  it('are refused to who waited too long, and go on for who comes later', async () => {
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
