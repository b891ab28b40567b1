import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { isMainThread, workerData } from 'node:worker_threads'
import { answerCalls, Moving } from './answer-calls.ts'
import type { Caller } from './caller.ts'
import { threadCaller } from './thread.ts'

type Calls = {
  echo: (value: unknown) => unknown
  later: (value: unknown) => Promise<unknown>
  fill: (length: number) => Uint8Array<ArrayBuffer>
  fail: (message: string) => never
  unclonable: () => unknown
  failUnclonably: () => never
  untilAborted: () => Promise<void>
  aborted: () => number
  exit: () => never
  data: () => unknown
}

if (isMainThread) describe('a thread that answers calls', { timeout: 20_000 }, tests)
else work()

/** The worker runs this same file. */
function work(): void {
  let aborted = 0
  answerCalls<Calls>(
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
      failUnclonably() {
        throw new Error('wrong', { cause: () => {} })
      },
      untilAborted: (signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            aborted++
            resolve()
          })
        }),
      aborted: () => aborted,
      exit: () => process.exit(),
      data: () => workerData,
    },
    (error) => error,
  )
}

function start(): Caller<Calls> {
  return threadCaller({
    script: new URL(import.meta.url),
    workerData: 'given',
    errorOf: (error: Error) => error,
    lost: (why, cause) => new Error(`it ${why}`, { cause }),
  })
}

function tests(): void {
  const thread = start()
  after(() => thread.terminate())

  it('answers each call with its own result, however long others take', async () => {
    const later = thread.call('later', ['b'])
    const calls = [thread.call('echo', ['a']), later, thread.call('echo', [{ c: null }])]
    assert.deepEqual(await Promise.all(calls), ['a', 'b', { c: null }])
    assert.equal(await thread.call('data', []), 'given')
  })

  it('copies members named like a prototype’s as any other', async () => {
    const value = JSON.parse('{"__proto__":{"a":1},"constructor":2}')
    const answer = await thread.call('echo', [value])
    assert.equal(JSON.stringify(answer), JSON.stringify(value))
    assert.equal(Object.hasOwn(answer as object, '__proto__'), true)
  })

  it('transfers memory in both directions', async () => {
    const bytes = new Uint8Array(8).fill(1)
    assert.deepEqual(
      await thread.call('echo', [bytes], { moved: [bytes.buffer] }),
      new Uint8Array(8).fill(1),
    )
    assert.equal(bytes.length, 0)
    assert.deepEqual(await thread.call('fill', [3]), new Uint8Array([7, 7, 7]))
  })

  it('rejects failing calls and uncloneable arguments, and answers the next', async () => {
    await assert.rejects(thread.call('fail', ['wrong']), new RangeError('wrong'))
    await assert.rejects(thread.call('unclonable', []), /could not be cloned/)
    await assert.rejects(thread.call('failUnclonably', []), /wrong/)
    await assert.rejects(thread.call('echo', [() => {}]), /could not be cloned/)
    assert.equal(await thread.call('echo', [1]), 1)
  })

  describe('in a process that has nothing else to do', () => {
    /** The output and exit code of a program that has a `thread`. */
    function run(program: string): [status: number | null, stdout: string] {
      using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
      const [module, script] = ['./thread.ts', './thread.test.ts'].map((path) =>
        import.meta.resolve(path),
      )
      const file = join(folder.path, 'program.mjs')
      writeFileSync(
        file,
        `import { threadCaller } from '${module}'
        const options = { script: new URL('${script}'), errorOf: (error) => error, lost: Error }
        const thread = threadCaller(options)
        ${program}`,
      )
      const { status, stdout } = spawnSync(process.execPath, [file], {
        encoding: 'utf8',
        timeout: 20_000,
      })
      return [status, stdout]
    }

    it('ends once it has its answers, also after a call that failed to send', () => {
      const program = `await thread.call('echo', [() => {}]).catch(() => {})
        console.log(await thread.call('echo', ['answered']))`
      assert.deepEqual(run(program), [0, 'answered\n'])
    })

    it('keeps the process alive until it is closed', () => {
      const program = `const answer = thread.call('later', ['answered'])
        await thread.close()
        console.log(await answer, 'and closed')`
      assert.deepEqual(run(program), [0, 'answered and closed\n'])
    })
  })

  it('rejects an aborted call, and aborts it in the worker', async () => {
    const left = new Error('left')
    const controller = new AbortController()
    const call = thread.call('untilAborted', [], { signal: controller.signal })
    controller.abort(left)
    await assert.rejects(call, left)
    assert.equal(await thread.call('aborted', []), 1)
    await assert.rejects(thread.call('echo', [1], { signal: controller.signal }), left)
  })

  it('rejects its pending calls when it dies, and starts again with the next', async () => {
    const dying = start()
    const calls = [dying.call('untilAborted', []), dying.call('exit', [])]
    for (const { status, reason } of (await Promise.allSettled(calls)) as PromiseRejectedResult[]) {
      assert.equal(status, 'rejected')
      assert.match(String(reason), /it stopped/)
    }
    assert.equal(await dying.call('echo', [1]), 1)
    await dying.close()
  })

  it('answers the calls made before it is closed, and refuses later ones', async () => {
    const closing = start()
    const before = [closing.call('later', [1]), closing.call('echo', [2])]
    const closed = closing.close()
    await assert.rejects(closing.call('echo', [3]), /it closed/)
    assert.deepEqual(await Promise.all(before), [1, 2])
    await closed
    await start().close()
  })
}
