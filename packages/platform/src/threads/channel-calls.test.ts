import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { pipeChannel } from '../testing/pipe-channel.ts'
import { Moving } from './answer-calls.ts'
import type { Caller } from './caller.ts'
import { answerCallsOf, channelCaller } from './channel-calls.ts'

type Calls = {
  echo: (value: unknown) => unknown
  later: (value: unknown) => Promise<unknown>
  fill: (length: number) => Uint8Array<ArrayBuffer>
  fail: (message: string) => never
  unclonable: () => unknown
  untilAborted: () => Promise<void>
  aborted: () => number
  exit: () => never
}

const CHANNELS = ['calls', 'others']

if (process.send === undefined || process.argv[2] !== 'answer') {
  describe('calls over a channel to another process', { timeout: 20_000 }, tests)
} else answer()

/** The child runs this same file. */
function answer(): void {
  let aborted = 0
  for (const name of CHANNELS) {
    answerCallsOf<Calls>(
      pipeChannel(process, name),
      {
        echo: (value) => value,
        later: (value) => new Promise((resolve) => setImmediate(resolve, value)),
        fill(length) {
          const bytes = new Uint8Array(length).fill(7)
          return new Moving(bytes, [bytes.buffer])
        },
        fail(message) {
          throw new RangeError(message)
        },
        unclonable: () => () => {},
        untilAborted: (signal) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              aborted++
              resolve()
            })
          }),
        aborted: () => aborted,
        exit: () => process.exit(),
      },
      (error) => error,
    )
  }
  process.once('disconnect', () => {
    process.exitCode = aborted
  })
}

function startChild(): ChildProcess {
  return fork(fileURLToPath(import.meta.url), ['answer'], { serialization: 'advanced' })
}

function callerOf(child: ChildProcess, name = 'calls'): Caller<Calls> {
  return channelCaller(pipeChannel(child, name), {
    errorOf: (error: Error) => error,
    lost: (why, cause) => new Error(`it ${why}`, { cause }),
  })
}

function tests(): void {
  const child = startChild()
  const caller = callerOf(child)
  after(() => void child.kill())

  it('gives each call its own result, however long others take', async () => {
    const calls = [caller.call('later', ['b']), caller.call('echo', [{ c: null }])]
    assert.deepEqual(await Promise.all(calls), ['b', { c: null }])
  })

  it('copies what a thread would get by transfer', async () => {
    const bytes = new Uint8Array(8).fill(1)
    const echoed = caller.call('echo', [bytes], { moved: [bytes.buffer] })
    assert.deepEqual(await echoed, new Uint8Array(8).fill(1))
    assert.deepEqual(await caller.call('fill', [3]), new Uint8Array([7, 7, 7]))
  })

  it('rejects failing calls and uncloneable arguments, and answers the next', async () => {
    await assert.rejects(caller.call('fail', ['wrong']), new RangeError('wrong'))
    await assert.rejects(caller.call('unclonable', []), /could not be cloned/)
    await assert.rejects(caller.call('echo', [() => {}]), /could not be cloned/)
    assert.equal(await caller.call('echo', [1]), 1)
  })

  it('rejects an aborted call, and aborts it in the other process', async () => {
    const left = new Error('left')
    const controller = new AbortController()
    const call = caller.call('untilAborted', [], { signal: controller.signal })
    controller.abort(left)
    await assert.rejects(call, left)
    assert.equal(await caller.call('aborted', []), 1)
  })

  it('keeps the calls of two channels apart', async () => {
    const others = callerOf(child, 'others')
    const calls = [others.call('later', [1]), caller.call('echo', [2]), others.call('echo', [3])]
    assert.deepEqual(await Promise.all(calls), [1, 2, 3])
    const before = others.call('later', [4])
    const closed = others.close()
    await assert.rejects(others.call('echo', [5]), /it closed/)
    assert.equal(await before, 4)
    await closed
    assert.equal(await caller.call('echo', [6]), 6)
  })

  it('rejects its calls once the other process has ended, then and later', async () => {
    const dying = startChild()
    const pending = callerOf(dying)
    const unused = callerOf(dying, 'others')
    const calls = [pending.call('untilAborted', []), pending.call('exit', [])]
    for (const { status, reason } of (await Promise.allSettled(calls)) as PromiseRejectedResult[]) {
      assert.equal(status, 'rejected')
      assert.match(String(reason), /it stopped/)
    }
    await assert.rejects(pending.call('echo', [1]), /it stopped/)
    await assert.rejects(unused.call('echo', [1]), /it stopped/)
    await pending.close()
  })

  it('aborts the calls of a process that has ended', async () => {
    const left = startChild()
    const exited = once(left, 'exit')
    const abandoned = callerOf(left)
    await abandoned.call('echo', [1])
    const calls = [abandoned.call('untilAborted', []), abandoned.call('untilAborted', [])]
    left.disconnect()
    await Promise.allSettled(calls)
    // Both were aborted, and nothing keeps the process alive.
    assert.deepEqual(await exited, [2, null])
  })
}
