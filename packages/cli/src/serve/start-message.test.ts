import assert from 'node:assert/strict'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseConfig } from '../config/parse-config.ts'
import { createProgram } from '../program.ts'
import { startMessage } from './start-message.ts'

function messageIn(folder: string, settings: Record<string, string> = {}): string {
  const config = parseConfig({ MIOT_DATA_DIR: folder, ...settings }, () => '')
  return startMessage(
    config,
    { quickstart: null, isEmpty: false, caFile: null, setupCode: null },
    0,
  )
}

/** The names of commands, such as `track send`, that the message proposes. */
const commandsOf = (message: string): string[] =>
  [...message.matchAll(/^ {2}npx miot ([a-z]+(?: [a-z]+)?)/gm)].map(([, name]) => name as string)

describe('the message of a later start', () => {
  it('says where the credentials are, and what to try next', () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    const path = join(folder.path, 'quickstart.env')
    writeFileSync(path, "MIOT_CLIENT_SECRET='hidden'", { mode: 0o600 })
    const message = messageIn(folder.path)
    assert.ok(message.includes(`are in ${path}, where`))
    assert.doesNotMatch(message, /hidden/)
    assert.deepEqual(commandsOf(message), ['track send', 'assets list', 'doctor'])
  })

  it('names the console, unless it is off', () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    assert.match(messageIn(folder.path), /^In a browser: http:\/\/localhost:8080\/console\/$/m)
    assert.doesNotMatch(messageIn(folder.path, { MIOT_CONSOLE: 'off' }), /browser/)
  })

  it('names no file that is not there', () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    const message = messageIn(folder.path)
    assert.doesNotMatch(message, /quickstart/)
    assert.deepEqual(commandsOf(message), ['clients create', 'doctor'])
  })

  it('proposes commands that exist', () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    const program = createProgram({}, false)
    for (const name of commandsOf(messageIn(folder.path))) {
      const [noun, verb] = name.split(' ')
      const found = program.commands.find((one) => one.name() === noun)
      assert.ok(found, name)
      if (verb !== undefined)
        assert.ok(
          found.commands.some((one) => one.name() === verb),
          name,
        )
    }
  })
})
