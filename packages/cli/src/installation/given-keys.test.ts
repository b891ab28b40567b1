import assert from 'node:assert/strict'
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import type { KeyCommand } from '../config/key-command.ts'
import { parseConfig } from '../config/parse-config.ts'
import { CliError } from '../errors/cli-error.ts'
import { runKeyCommand, withKeys } from './given-keys.ts'

const KEY = Buffer.alloc(32, 7)
const SETTING = 'MIOT_ENCRYPTION_KEY_COMMAND'
const ADVICE = ': run it as this user with > /dev/null, and correct it or the setting'
/** For what must end by itself long before. */
const LONG_MS = 60_000

const commandOf = (...words: KeyCommand['words']): KeyCommand => {
  return { setting: SETTING, words, env: { PATH: process.env.PATH } }
}
const shell = (script: string, ...args: string[]) => commandOf('sh', '-c', script, 'sh', ...args)

/** The message of the failure, without the advice that ends each. */
async function faultOf(command: KeyCommand, timeoutMs = LONG_MS): Promise<string> {
  const error = await runKeyCommand(command, timeoutMs).then(
    () => assert.fail('it did not fail'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof CliError)
  assert.equal(error.cause, undefined)
  assert.ok(error.message.endsWith(ADVICE), error.message)
  return error.message.slice(0, -ADVICE.length)
}

describe('a command that prints the encryption key', { skip: process.platform === 'win32' }, () => {
  it('may print hex or base64url, with a line break, and notes to standard error', async () => {
    for (const encoding of ['hex', 'base64url'] as const) {
      const command = shell('echo a note >&2; echo "$1"', KEY.toString(encoding))
      assert.deepEqual(await runKeyCommand(command), new Uint8Array(KEY))
    }
  })

  it('is run with the environment, but without the settings and without input', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-key-'))
    const script = join(folder.path, 'key.sh')
    const env = { PATH: process.env.PATH, TOKEN: 'label', MIOT_CLIENT_SECRET: 'hunter2' }
    writeFileSync(
      script,
      `[ -z "$(cat)" ] && [ "$TOKEN" = label ] && ! env | grep -q MIOT_ && echo ${KEY.toString('hex')}`,
      { mode: 0o600 },
    )
    const given = { ...env, MIOT_NEW_ENCRYPTION_KEY_COMMAND: `sh ${script}` }
    const { encryptionKey, newEncryptionKey } = await withKeys(parseConfig(given, () => ''))
    assert.deepEqual([encryptionKey, newEncryptionKey], [null, new Uint8Array(KEY)])
  })

  const FAULTS: Readonly<Record<string, [command: KeyCommand, fault: string]>> = {
    'ends with another status': [
      shell('echo hunter2; echo wrong; echo " PIN" >&2; exit 3'),
      'sh ended with status 3 and wrote “PIN”',
    ],
    'is killed': [shell('kill -9 $$'), 'sh was killed (SIGKILL)'],
    'does not exist': [commandOf('no-such-kms'), 'no-such-kms cannot be run (ENOENT)'],
    'is no program': [commandOf('/dev/null'), '/dev/null cannot be run (EACCES)'],
    'is below a file': [commandOf('/dev/null/kms'), '/dev/null/kms cannot be run (ENOTDIR)'],
    'prints another length': [
      shell('echo hunter2; echo expired >&2'),
      'sh printed something other than a key, which must be 32 bytes in base64url (43 characters) or hex (64) and wrote “expired”',
    ],
    'prints nothing': [
      shell(':'),
      'sh printed something other than a key, which must be 32 bytes in base64url (43 characters) or hex (64)',
    ],
    'prints without end': [shell('yes hunter2'), 'sh printed more than 4096 bytes'],
    'complains without end': [
      shell('yes PIN | head -c 1000000 >&2; exit 1'),
      `sh ended with status 1 and wrote “${'PIN '.repeat(250).trim()}”`,
    ],
  }
  for (const [name, [command, fault]] of Object.entries(FAULTS)) {
    it(`that ${name} is an error that shows no output`, async () => {
      assert.equal(await faultOf(command), `${SETTING}: ${fault}`)
    })
  }

  it('has a time limit, also when a program that it started keeps its output open', async () => {
    const late = `${SETTING}: sh did not end within 0.1 s`
    assert.equal(await faultOf(shell('sleep 60'), 100), late)
    assert.equal(await faultOf(shell('sleep 60 & exit 0'), 100), late)
  })

  it('is killed together with the programs that it started', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-key-'))
    const pipe = join(folder.path, 'pipe')
    execFileSync('mkfifo', [pipe])
    // Ends when every program that holds the pipe has ended.
    const held = promisify(execFile)('cat', [pipe], { timeout: 20_000 })
    await faultOf(shell('exec 3> "$1"; sleep 60 & yes', pipe))
    await held
  })

  it('is killed when our process is interrupted', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-key-'))
    const pipe = join(folder.path, 'pipe')
    execFileSync('mkfifo', [pipe])
    const held = spawn('cat', [pipe], { timeout: 20_000 })
    const ended = once(held, 'close')
    const command = shell('exec 3> "$1"; echo started >&3; sleep 60', pipe)
    const module = new URL('given-keys.ts', import.meta.url)
    const code = `import { runKeyCommand } from '${module}'; await runKeyCommand(${JSON.stringify(command)})`
    const ours = spawn(process.execPath, ['--input-type=module', '-e', code])
    const exit = once(ours, 'exit')
    await once(held.stdout, 'data')
    ours.kill('SIGTERM')
    assert.deepEqual(await exit, [143, null])
    assert.deepEqual(await ended, [0, null])
  })
})
