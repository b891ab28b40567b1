import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { inTime } from './in-time.ts'

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
      const result = inTime(answer, 5, late)
      pause(20)
      await result
    } finally {
      port1.close()
    }
  })

  it('is not one that never comes, nor one that comes after the limit', async () => {
    await assert.rejects(inTime(new Promise(() => {}), 1, late), /late/)
    const { promise, reject } = Promise.withResolvers<never>()
    await assert.rejects(inTime(promise, 1, late), /late/)
    reject(new Error('after the limit'))
  })

  it('rejects as the answer does', async () => {
    await assert.rejects(inTime(Promise.reject(new Error('no')), 1000, late), /no/)
  })
})
