import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { NotPrivateError, preparePrivateDirectory, readPrivateFileSync } from './private-files.ts'

const root = mkdtempSync(join(tmpdir(), 'miot-private-'))
after(() => rmSync(root, { recursive: true, force: true }))

let names = 0
function newPath(): string {
  names += 1
  return join(root, String(names))
}

function newDirectory(mode = 0o700): string {
  const path = newPath()
  mkdirSync(path)
  chmodSync(path, mode)
  return path
}

function newFile(mode = 0o600): string {
  const path = newPath()
  writeFileSync(path, 'text')
  chmodSync(path, mode)
  return path
}

/** Another user of the machine: only root can create files of theirs. */
const STRANGER = 54_321
const onlyRoot = process.getuid?.() === 0 ? {} : { skip: 'only root can give a file to another' }

describe('a private directory', () => {
  it('is created for its owner only', () => {
    const path = join(newPath(), 'deep')
    preparePrivateDirectory(path)
    assert.equal(statSync(path).mode & 0o777, 0o700)
  })

  // In a process of its own: a call that never returns would hold up all tests.
  it('is refused where there can be none, as in /proc', { skip: !existsSync('/proc/self') }, () => {
    const here = new URL('private-files.ts', import.meta.url)
    const code = `import { preparePrivateDirectory } from '${here}'; preparePrivateDirectory('/proc/none/a')`
    const { stderr, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      encoding: 'utf8',
      timeout: 20_000,
    })
    assert.equal(signal, null)
    assert.match(stderr, /ENOENT: .*mkdir '\/proc\/none'/)
  })

  it('is accepted when others may read it', () => {
    preparePrivateDirectory(newDirectory(0o755))
  })

  for (const mode of [0o777, 0o1777, 0o770, 0o720, 0o702]) {
    it(`is refused when others may write in it: ${mode.toString(8)}`, () => {
      const path = newDirectory(mode)
      assert.throws(() => preparePrivateDirectory(path), { code: 'not_private', message: /chmod/ })
    })
  }

  it('is refused when it is a symbolic link, also to a private one', () => {
    const link = newPath()
    symlinkSync(newDirectory(), link)
    assert.throws(() => preparePrivateDirectory(link), NotPrivateError)
    assert.throws(() => preparePrivateDirectory(`${link}/`), NotPrivateError)
  })

  it('is refused when it is another user’s', onlyRoot, () => {
    const path = newDirectory()
    chownSync(path, STRANGER, STRANGER)
    assert.throws(() => preparePrivateDirectory(path), { message: /another user/ })
  })

  it('is refused in a directory where everyone may replace it', () => {
    const parent = newDirectory(0o777)
    assert.throws(() => preparePrivateDirectory(join(parent, 'own')), { message: /replaced/ })
    chmodSync(parent, 0o1777)
    preparePrivateDirectory(join(parent, 'own'))
  })

  it('is refused when a parent is a link to a directory that everyone may write to', () => {
    const open = newPath()
    mkdirSync(join(open, 'ours'), { recursive: true })
    chmodSync(open, 0o777)
    const link = newPath()
    symlinkSync(join(open, 'ours'), link)
    assert.throws(() => preparePrivateDirectory(join(link, 'spool')), NotPrivateError)
  })
})

describe('a private file', () => {
  it('is read as it is, and null when it is missing', () => {
    assert.equal(readPrivateFileSync(newFile(), 'read'), 'text')
    assert.equal(readPrivateFileSync(newPath(), 'read'), null)
  })

  it('is refused when others may do what is forbidden', () => {
    assert.equal(readPrivateFileSync(newFile(0o644), 'write'), 'text')
    assert.throws(() => readPrivateFileSync(newFile(0o644), 'read'), { message: /chmod 600/ })
    assert.throws(() => readPrivateFileSync(newFile(0o620), 'write'), { message: /chmod 600/ })
  })

  it('is refused when it is a symbolic link or not a file', () => {
    const link = newPath()
    symlinkSync(newFile(), link)
    assert.throws(() => readPrivateFileSync(link, 'read'), NotPrivateError)
    assert.throws(() => readPrivateFileSync(newDirectory(), 'read'), NotPrivateError)
    const pipe = newPath()
    assert.equal(spawnSync('mkfifo', ['-m', '600', pipe]).status, 0)
    assert.throws(() => readPrivateFileSync(pipe, 'read'), NotPrivateError)
  })

  it('is refused when it is another user’s', onlyRoot, () => {
    const path = newFile()
    chownSync(path, STRANGER, STRANGER)
    assert.throws(() => readPrivateFileSync(path, 'read'), { message: /another user/ })
  })
})
