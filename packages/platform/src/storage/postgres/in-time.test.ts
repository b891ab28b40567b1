import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { Deadline } from './in-time.ts'

const late = () => new Error('late')

/** As a busy machine does to a process. */
function pause(forMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, forMs)
}

describe('an answer in time', () => {
  it('is one that arrived while the process was paused', async () => {
    const { port1, port2 } = new MessageChannel()
    try {
      const answer = once(port1, 'message').then(([{ data = null }]) => data)
      // Timers come next, and only then what has arrived.
      await new Promise(setImmediate)
      port2.postMessage('answer')
      const result = new Deadline(5).wait(answer, late)
      pause(20)
      await result
    } finally {
      port1.close()
    }
  })

  it('is one that comes after a pause longer than the limit', async () => {
    const deadline = new Deadline(1000)
    const { promise, resolve } = Promise.withResolvers<string>()
    const result = deadline.wait(promise, late)
    pause(1500)
    // Two rounds of timers, reading and immediates.
    for (let round = 0; round < 2; round++) await new Promise(setImmediate)
    resolve('answer')
    assert.equal(await result, 'answer')
    assert.ok(deadline.leftMs > 0)
  })

  it('is not one that never comes, nor one that comes after the limit', async () => {
    await assert.rejects(new Deadline(1).wait(new Promise(() => {}), late), /late/)
    const { promise, reject } = Promise.withResolvers<never>()
    await assert.rejects(new Deadline(1).wait(promise, late), /late/)
    reject(new Error('after the limit'))
  })

  it('rejects as the answer does', async () => {
    await assert.rejects(new Deadline(1000).wait(Promise.reject(new Error('no')), late), /no/)
  })
})
