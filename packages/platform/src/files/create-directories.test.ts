import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempDisposableSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createDirectories } from './create-directories.ts'

describe('directories', () => {
  it('are created with their parents, for this user only, and may exist', () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    const path = join(folder.path, 'a', 'b')
    for (let round = 0; round < 2; round++) createDirectories(path)
    for (const one of [path, join(path, '..')]) assert.equal(statSync(one).mode & 0o777, 0o700)
    mkdirSync(join(folder.path, 'open'), { mode: 0o755 })
    createDirectories(join(folder.path, 'open'))
  })

  it('are not created over a file, below one, or below a link that leads nowhere', () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    const file = join(folder.path, 'file')
    writeFileSync(file, '')
    assert.throws(() => createDirectories(file), { code: 'EEXIST' })
    assert.throws(() => createDirectories(join(file, 'a')), { code: 'ENOTDIR' })
    symlinkSync(join(folder.path, 'nowhere'), join(folder.path, 'link'))
    assert.throws(() => createDirectories(join(folder.path, 'link', 'a')), { code: 'EEXIST' })
  })

  // In a process of its own: a call that never returns would hold up all tests.
  it('fail where there can be none, instead of trying on', {
    skip: !existsSync('/proc/self'),
  }, () => {
    const here = new URL('create-directories.ts', import.meta.url)
    const code = `import { createDirectories } from '${here}'; createDirectories('/proc/none/a')`
    const { stderr, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      encoding: 'utf8',
      timeout: 20_000,
    })
    assert.equal(signal, null)
    assert.match(stderr, /ENOENT: .*mkdir '\/proc\/none'/)
  })
})
