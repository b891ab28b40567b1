import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { describe, it } from 'node:test'
import { standardError } from './standard-error.ts'

const LOGGING = JSON.stringify(import.meta.resolve('./index.ts'))

/** Runs a program that has a `logger`. @param stderr a descriptor, or a pipe that is read. */
function run(program: string, stderr: number | 'pipe') {
  const script = `import { createLogger } from ${LOGGING}
    const logger = createLogger('info')
    ${program}`
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', stderr],
    encoding: 'utf8',
    timeout: 20_000,
  })
}

describe('standard error', () => {
  const FULL = '/dev/full'
  it('that cannot be written ends nothing', { skip: !existsSync(FULL) && FULL }, () => {
    const full = openSync(FULL, 'w')
    const { status, stdout } = run(
      `logger.info('lost')
      setTimeout(() => {
        logger.info('lost, too')
        process.stdout.write('alive')
        process.exit(0)
      }, 100)`,
      full,
    )
    closeSync(full)
    assert.deepEqual([status, stdout], [0, 'alive'])
  })

  it('has each line once and in order, also those of the end', () => {
    const { stderr } = run(
      `for (let line = 0; line < 50; line++) {
        logger.info({ line })
        await new Promise(setImmediate)
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
      logger.info({ line: 50 })
      process.exit(0)`,
      'pipe',
    )
    const lines = stderr.trimEnd().split('\n')
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { line: number }).line),
      Array.from({ length: 51 }, (_, line) => line),
    )
  })

  it('that takes a part, or nothing for now, gets the rest later', async () => {
    const answers: ('EAGAIN' | 'EIO' | number)[] = [2, 'EAGAIN', 4, 'EIO', 3]
    const written: string[] = []
    const done = Promise.withResolvers<void>()
    const stream = standardError((_, bytes, wrote) => {
      const answer = answers.shift() ?? 'EIO'
      setImmediate(() => {
        if (typeof answer !== 'number') {
          wrote(Object.assign(new Error(), { code: answer }), 0)
          return
        }
        written.push(String(Buffer.from(bytes.subarray(0, answer))))
        wrote(null, answer)
        if (answers.length === 0) done.resolve()
        else if (answers[0] === 'EIO') {
          stream.write('lost')
          setImmediate(() => stream.write('end'))
        }
      })
    })
    stream.write('abcdef')
    await done.promise
    assert.deepEqual(written, ['ab', 'cdef', 'end'])
  })
})
