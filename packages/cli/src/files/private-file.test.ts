import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createPrivateFile, createWithoutLinks, readPrivateFile } from './private-file.ts'

const skip = process.platform === 'win32' && 'Windows has neither mode bits nor user ids'

const WAYS = { 'with links': createPrivateFile, 'where there are no links': createWithoutLinks }

describe('making a private file', () => {
  for (const [where, create] of Object.entries(WAYS)) {
    it(`makes it for its owner only, ${where}`, () => {
      using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
      const path = join(folder.path, 'key')
      assert.equal(create(path, 'mine'), true)
      assert.equal(readFileSync(path, 'utf8'), 'mine')
      assert.equal(statSync(path).mode & 0o777, 0o600)
      assert.deepEqual(readdirSync(folder.path), ['key'])
    })

    it(`leaves one that is there as it is, ${where}`, () => {
      using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
      const path = join(folder.path, 'key')
      writeFileSync(path, 'theirs')
      assert.equal(create(path, 'mine'), false)
      assert.equal(readFileSync(path, 'utf8'), 'theirs')
      assert.deepEqual(readdirSync(folder.path), ['key'])
    })
  }
})

describe('reading a private file', () => {
  it('returns its text, or null when it is missing', () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    const path = join(folder.path, 'key')
    assert.equal(readPrivateFile(path), null)
    createPrivateFile(path, 'mine')
    assert.equal(readPrivateFile(path), 'mine')
  })

  it('finishes a file that another instance is creating, or was when it crashed', () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    const path = join(folder.path, 'key')
    writeFileSync(`${path}.made-by-another.tmp`, 'theirs', { mode: 0o600 })
    linkSync(`${path}.made-by-another.tmp`, path)
    writeFileSync(`${path}.not-finished.tmp`, 'other', { mode: 0o600 })
    assert.equal(readPrivateFile(path), 'theirs')
    assert.deepEqual(readdirSync(folder.path).sort(), ['key', 'key.not-finished.tmp'])
  })

  it('refuses a foreign second name and leaves it in place', { skip }, () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    const path = join(folder.path, 'key')
    createPrivateFile(path, 'mine')
    linkSync(path, join(folder.path, 'other'))
    assert.throws(() => readPrivateFile(path), /has another name elsewhere/)
    assert.deepEqual(readdirSync(folder.path).sort(), ['key', 'other'])
  })

  it('refuses a link, a pipe, and a directory that others can write to', { skip }, () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    const path = join(folder.path, 'key')
    symlinkSync(join(folder.path, 'nowhere'), path)
    assert.throws(() => readPrivateFile(path), /is a symbolic link/)
    rmSync(path)
    execFileSync('mkfifo', ['-m', '600', path])
    assert.throws(() => readPrivateFile(path), /is not a regular file/)
    rmSync(path)
    createPrivateFile(path, 'mine')
    chmodSync(folder.path, 0o777)
    assert.throws(() => readPrivateFile(path), /can be written by other users/)
  })
})
