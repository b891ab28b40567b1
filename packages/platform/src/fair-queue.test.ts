import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FairQueue } from './fair-queue.ts'

function queueOf(...items: readonly string[]): FairQueue<string> {
  const queue = new FairQueue<string>()
  for (const item of items) queue.add(item[0] as string, item)
  return queue
}

function drain(queue: FairQueue<string>): string[] {
  const taken: string[] = []
  for (let item = queue.take(); item !== undefined; item = queue.take()) taken.push(item)
  return taken
}

describe('FairQueue', () => {
  it('gives each name its turn, and keeps the items of a name in order', () => {
    assert.deepEqual(drain(queueOf('a1', 'a2', 'a3', 'b1', 'c1', 'c2')), [
      ...['a1', 'b1', 'c1', 'a2', 'c2', 'a3'],
    ])
  })

  it('counts waiting items, per name and in total', () => {
    const queue = queueOf('a1', 'a2', 'b1')
    assert.deepEqual([queue.size, queue.sizeOf('a'), queue.sizeOf('c')], [3, 2, 0])
    queue.take()
    assert.deepEqual([queue.size, queue.sizeOf('a')], [2, 1])
    drain(queue)
    assert.deepEqual([queue.size, queue.sizeOf('a')], [0, 0])
  })

  it('gives a name as much in its turn as fits, and then moves on to the others', () => {
    const queue = queueOf('a1', 'a2', 'a3', 'b1')
    assert.deepEqual(
      queue.takeTurn((item) => item !== 'a3'),
      ['a1', 'a2'],
    )
    assert.deepEqual(
      queue.takeTurn(() => false),
      [],
    )
    assert.deepEqual([queue.takeTurn(() => true), queue.size], [['b1'], 1])
    assert.deepEqual([queue.takeTurn(() => true), queue.size], [['a3'], 0])
    assert.deepEqual(
      queue.takeTurn(() => true),
      [],
    )
  })

  it('removes exactly the item that is taken out', () => {
    const queue = queueOf('a1', 'a2', 'b1')
    queue.remove('a', 'a1')
    queue.remove('a', 'a1')
    queue.remove('c', 'c1')
    queue.remove('b', 'b1')
    assert.equal(queue.size, 1)
    assert.deepEqual(drain(queue), ['a2'])
  })
})
