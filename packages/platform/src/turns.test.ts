import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createTurn } from './turns.ts'

/** Waits for its turn, then takes two steps. */
async function walk(name: string, turn: () => Promise<void>, steps: string[]): Promise<void> {
  await turn()
  steps.push(`${name}1`)
  await null
  steps.push(`${name}2`)
}

describe('createTurn', () => {
  it('takes all waiting callers through one step before the next', async () => {
    const turn = createTurn(10, setImmediate)
    const steps: string[] = []
    await Promise.all(['a', 'b', 'c'].map((name) => walk(name, turn, steps)))
    assert.deepEqual(steps, ['a1', 'b1', 'c1', 'a2', 'b2', 'c2'])
  })

  it('continues after the event loop has read, not before', async () => {
    const steps: string[] = []
    const walking = walk('a', createTurn(10, setImmediate), steps)
    await null
    assert.deepEqual(steps, [])
    await walking
  })

  it('lets only so many continue before the event loop runs again', async () => {
    const turn = createTurn(2, setImmediate)
    const steps: string[] = []
    const all = ['a', 'b', 'c', 'd', 'e'].map((name) => walk(name, turn, steps))
    await nextTurn()
    assert.deepEqual(steps, ['a1', 'b1', 'a2', 'b2'])
    await Promise.all(all)
    assert.equal(steps.length, 10)
  })

  it('keeps together the callers gathered by an earlier turn, before the event loop reads again', async () => {
    const [gather, together] = [createTurn(10, setImmediate), createTurn(10, process.nextTick)]
    const steps: string[] = []
    const all = ['a', 'b'].map(async (name) => {
      await gather()
      steps.push(`${name}0`)
      await walk(name, together, steps)
    })
    await nextTurn()
    assert.deepEqual(steps, ['a0', 'b0', 'a1', 'b1', 'a2', 'b2'])
    await Promise.all(all)
  })

  it('lets the event loop read between groups of callers already under way', async () => {
    const turn = createTurn(2, process.nextTick)
    const steps: string[] = []
    const all = ['a', 'b', 'c'].map((name) => walk(name, turn, steps))
    await new Promise<void>((resolve) => process.nextTick(resolve))
    await null
    assert.ok(!steps.includes('c1'))
    await Promise.all(all)
    assert.deepEqual(steps, ['a1', 'b1', 'a2', 'b2', 'c1', 'c2'])
  })

  it('accepts callers that arrive while others continue', async () => {
    const turn = createTurn(10, setImmediate)
    const steps: string[] = []
    await walk('a', turn, steps)
    await Promise.all([walk('b', turn, steps), walk('c', turn, steps)])
    assert.deepEqual(steps, ['a1', 'a2', 'b1', 'c1', 'b2', 'c2'])
  })
})
