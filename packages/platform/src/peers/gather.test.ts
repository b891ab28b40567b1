import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gather } from './gather.ts'

describe('gathered items', () => {
  it('are sent together after a while, in order', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const sent: (readonly number[])[] = []
    const gathered = gather<number>((items) => sent.push(items), { waitMs: 100, atMost: 10 })
    gathered.add(1)
    t.mock.timers.tick(60)
    gathered.add(2)
    t.mock.timers.tick(39)
    assert.deepEqual(sent, [])
    t.mock.timers.tick(1)
    assert.deepEqual(sent, [[1, 2]])
    gathered.add(3)
    t.mock.timers.tick(100)
    assert.deepEqual(sent, [[1, 2], [3]])
  })

  it('are sent at once when there are many', () => {
    const sent: (readonly number[])[] = []
    const gathered = gather<number>((items) => sent.push(items), { waitMs: 1e6, atMost: 2 })
    for (const item of [1, 2, 3]) gathered.add(item)
    assert.deepEqual(sent, [[1, 2]])
    gathered.flush()
    gathered.flush()
    assert.deepEqual(sent, [[1, 2], [3]])
  })
})
