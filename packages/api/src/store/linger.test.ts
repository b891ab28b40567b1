import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { Linger } from './linger.ts'

/** After a batch of `size`, during which `waiting` more came. */
function afterBatch(t: TestContext, size: number, waiting: number) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let now = 1000
  const linger = new Linger(() => now)
  linger.written(size, waiting)
  return {
    linger,
    pass(ms: number) {
      now += ms
      t.mock.timers.tick(ms)
    },
  }
}

/** Whether the promise has resolved, once all that is due has run. */
async function isResolved(promise: Promise<void> | null): Promise<boolean> {
  assert.notEqual(promise, null)
  let resolved = false
  void promise?.then(() => {
    resolved = true
  })
  await new Promise(setImmediate)
  return resolved
}

describe('a batch that gathers', () => {
  it('waits for as many as were there for the one before', async (t) => {
    const { linger } = afterBatch(t, 2, 1)
    const gathered = linger.gathered(1)
    linger.arrived(2)
    assert.equal(await isResolved(gathered), false)
    linger.arrived(3)
    assert.equal(await isResolved(gathered), true)
  })

  it('is written when they are there already', (t) => {
    assert.equal(afterBatch(t, 2, 1).linger.gathered(3), null)
  })

  it('waits two milliseconds at most', async (t) => {
    const { linger, pass } = afterBatch(t, 30, 2)
    const gathered = linger.gathered(1)
    pass(1)
    assert.equal(await isResolved(gathered), false)
    pass(1)
    assert.equal(await isResolved(gathered), true)
  })

  it('does not wait at first, nor after a lonely one, nor after a pause', (t) => {
    assert.equal(new Linger().gathered(1), null)
    const { linger, pass } = afterBatch(t, 1, 0)
    assert.equal(linger.gathered(1), null)
    linger.written(30, 2)
    pass(3)
    assert.equal(linger.gathered(1), null)
  })
})
