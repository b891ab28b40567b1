import assert from 'node:assert/strict'
import { it } from 'node:test'
import { paced } from './paced.ts'

it('paced items are sent a few at a time, in order, and beyond a bound dropped', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const sent: (readonly number[])[] = []
  const options = { everyMs: 100, atMost: 2, maxWaiting: 3 }
  const add = paced<number>((items) => sent.push(items), options)
  for (const item of [1, 2, 3, 4]) add(item)
  t.mock.timers.tick(99)
  assert.deepEqual(sent, [])
  t.mock.timers.tick(1)
  assert.deepEqual(sent, [[1, 2]])
  add(5)
  t.mock.timers.tick(100)
  t.mock.timers.tick(1000)
  assert.deepEqual(sent, [
    [1, 2],
    [3, 5],
  ])
  add(6)
  t.mock.timers.tick(100)
  assert.deepEqual(sent.at(-1), [6])
})
