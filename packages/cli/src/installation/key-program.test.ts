import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { runKeyCommand } from './given-keys.ts'
import { assertOwnFiles } from './key-program.ts'

const skip = process.geteuid === undefined && 'Windows has neither mode bits nor user ids'
const STRANGER = 54_321
const asRoot = process.geteuid?.() !== 0 && 'only root can give a file to another user'

describe('the files of a command that prints the encryption key', { skip }, () => {
  let folder: string
  let script: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'miot-program-'))
    script = join(folder, 'key.sh')
    writeFileSync(script, `#!/bin/sh\necho ${'7'.repeat(64)}\n`)
    chmodSync(script, 0o755)
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const commandOf = (...words: [string, ...string[]]) => {
    return { setting: 'MIOT_ENCRYPTION_KEY_COMMAND', words, env: { PATH: process.env.PATH } }
  }
  /** The script as the program, found in the PATH, and as a word after the program. */
  const ways = () => [
    commandOf(script),
    { ...commandOf('key.sh'), env: { PATH: `/nonexistent:${folder}:${process.env.PATH}` } },
    commandOf('sh', script),
  ]
  function assertRefused(message: RegExp): void {
    for (const command of ways()) assert.throws(() => assertOwnFiles(command), { message })
  }

  it('may be read by all, and belong to this user or root', async () => {
    for (const command of ways()) await runKeyCommand(command)
    assertOwnFiles(commandOf('sh', '-c', 'x', '/dev/null', folder, 'no-such-file'))
    assertOwnFiles(commandOf('no-such-kms'))
  })

  it('are refused when the group or all users can write them, before anything runs', async () => {
    for (const mode of [0o775, 0o757]) {
      chmodSync(script, mode)
      assertRefused(
        /^MIOT_ENCRYPTION_KEY_COMMAND: \S+key\.sh can be written by other users \(mode 07\d+\): chmod go-w \S+key\.sh$/,
      )
    }
    await assert.rejects(runKeyCommand(commandOf(script)), { message: /chmod go-w/ })
  })

  it('are refused in a directory where all users can replace them', () => {
    chmodSync(folder, 0o777)
    assertRefused(/key\.sh can be replaced by every user, who can write to \S+: chmod o-w /)
  })

  it('are refused below a directory of another user, who can exchange what is in it', {
    skip: asRoot,
  }, () => {
    const own = script
    const elsewhere = mkdtempSync(join(tmpdir(), 'miot-program-'))
    try {
      symlinkSync(own, join(elsewhere, 'key.sh'))
      chownSync(elsewhere, STRANGER, STRANGER)
      script = join(elsewhere, 'key.sh')
      for (const command of [commandOf(script), commandOf('sh', script)]) {
        assert.throws(() => assertOwnFiles(command), { message: /by user 54321, who owns \S+: / })
      }
    } finally {
      rmSync(elsewhere, { recursive: true })
    }
    mkdirSync(join(folder, 'theirs', 'bin'), { recursive: true })
    script = join(folder, 'theirs', 'bin', 'key.sh')
    writeFileSync(script, '#!/bin/sh\n', { mode: 0o755 })
    chownSync(join(folder, 'theirs'), STRANGER, STRANGER)
    for (const command of [commandOf(script), commandOf('sh', script)]) {
      assert.throws(() => assertOwnFiles(command), {
        message: /by user 54321, who owns \S+theirs: /,
      })
    }
  })

  it('are refused when they belong to another user, or are behind a link of one', {
    skip: asRoot,
  }, () => {
    const own = script
    chmodSync(folder, 0o755)
    mkdirSync(join(folder, 'bin'))
    script = join(folder, 'bin', 'key.sh')
    symlinkSync(own, script)
    for (const command of [commandOf(script), commandOf('sh', script)]) assertOwnFiles(command)
    lchownSync(script, STRANGER, STRANGER)
    for (const command of [commandOf(script), commandOf('sh', script)]) {
      assert.throws(() => assertOwnFiles(command), { message: /symbolic link of user 54321/ })
    }
    script = own
    chownSync(script, STRANGER, STRANGER)
    assertRefused(/key\.sh belongs to user 54321, who can change it: chown 0 /)
  })
})
