import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createTurn } from './turns.ts'

/** Takes its turn, then two steps. */
async function walk(name: string, turn: () => Promise<void>, steps: string[]): Promise<void> {
  await turn()
  steps.push(`${name}1`)
  await null
  steps.push(`${name}2`)
}

describe('createTurn', () => {
  it('brings all that wait through one step before the next', async () => {
    const turn = createTurn(10)
    const steps: string[] = []
    await Promise.all(['a', 'b', 'c'].map((name) => walk(name, turn, steps)))
    assert.deepEqual(steps, ['a1', 'b1', 'c1', 'a2', 'b2', 'c2'])
  })

  it('goes on after the event loop has read, not before', async () => {
    const steps: string[] = []
    const walking = walk('a', createTurn(10), steps)
    await null
    assert.deepEqual(steps, [])
    await walking
  })

  it('lets only so many go on before the event loop has its turn', async () => {
    const turn = createTurn(2)
    const steps: string[] = []
    const all = ['a', 'b', 'c', 'd', 'e'].map((name) => walk(name, turn, steps))
    await nextTurn()
    assert.deepEqual(steps, ['a1', 'b1', 'a2', 'b2'])
    await Promise.all(all)
    assert.equal(steps.length, 10)
  })

  it('takes those that come while others go on', async () => {
    const turn = createTurn(10)
    const steps: string[] = []
    await walk('a', turn, steps)
    await Promise.all([walk('b', turn, steps), walk('c', turn, steps)])
    assert.deepEqual(steps, ['a1', 'a2', 'b1', 'c1', 'b2', 'c2'])
  })
})
