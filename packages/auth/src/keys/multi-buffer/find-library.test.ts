import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { checkedLibrary, findLibrary, LIBRARY_FILE } from './find-library.ts'

const skip = process.platform === 'win32'
const asRoot =
  process.geteuid?.() === 0 ? (false as const) : 'only root can give a file to another user'

let folder: string
let path: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'miot-library-')))
  path = join(folder, LIBRARY_FILE)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function put(name: string, mode = 0o644): string {
  const file = join(folder, name)
  writeFileSync(file, '')
  chmodSync(file, mode)
  return file
}

describe('findLibrary', () => {
  it('takes the first folder that has it, in the version that was tested', () => {
    const folders = [join(folder, 'missing'), folder]
    assert.equal(findLibrary(folders), null)
    put('libcrypto_mb.so')
    put('libcrypto_mb.so.12')
    assert.equal(findLibrary(folders), null)
    put(LIBRARY_FILE)
    assert.equal(findLibrary(folders), path)
  })
})

describe('checkedLibrary', { skip }, () => {
  it('names the library and what lies beside it, in the order of their needs', () => {
    put(LIBRARY_FILE)
    assert.deepEqual(checkedLibrary(path), { path, needs: [] })
    const names = ['libintlc.so.5', 'libimf.so', 'libirng.so', 'libsvml.so']
    for (const name of [...names].sort()) put(name)
    assert.deepEqual(checkedLibrary(path), { path, needs: names.map((name) => join(folder, name)) })
  })

  it('refuses a copy that lacks libintlc.so.5, which the others have the loader find in ../lib', () => {
    put(LIBRARY_FILE)
    put('libimf.so')
    assert.throws(() => checkedLibrary(path), /^Error: libintlc.so.5 is missing in .*miot-library-/)
  })

  it('refuses a file that others can write, also one beside it', () => {
    put(LIBRARY_FILE, 0o666)
    assert.throws(() => checkedLibrary(path), /libcrypto_mb.so.13 can be written by other users/)
    put(LIBRARY_FILE)
    put('libintlc.so.5')
    put('libimf.so', 0o664)
    assert.throws(() => checkedLibrary(path), /libimf.so can be written by other users/)
  })

  it('refuses a folder that others can write', () => {
    put(LIBRARY_FILE)
    for (const mode of [0o775, 0o777, 0o1777]) {
      chmodSync(folder, mode)
      assert.throws(() => checkedLibrary(path), /can be written by other users|replaced by every/)
    }
  })

  it('refuses a file of another user, and a folder above that all can write', {
    skip: asRoot,
  }, () => {
    put(LIBRARY_FILE)
    chownSync(path, 54_321, 54_321)
    assert.throws(() => checkedLibrary(path), /belongs to user 54321/)
    const inner = join(folder, 'open', 'lib')
    mkdirSync(inner, { recursive: true })
    put(`open/lib/${LIBRARY_FILE}`)
    chmodSync(join(folder, 'open'), 0o777)
    assert.throws(() => checkedLibrary(join(inner, LIBRARY_FILE)), /replaced by every user/)
  })

  it('refuses a folder of root in one of another user, who can exchange it after the check', {
    skip: asRoot,
  }, () => {
    mkdirSync(join(folder, 'other', 'lib'), { recursive: true })
    const library = put(`other/lib/${LIBRARY_FILE}`)
    assert.equal(checkedLibrary(library).path, library)
    chownSync(join(folder, 'other'), 54_321, 54_321)
    assert.throws(() => checkedLibrary(library), /replaced by user 54321.*other: /)
    symlinkSync(library, path)
    assert.throws(() => checkedLibrary(path), /replaced by user 54321.*other: /)
  })

  it('follows links, and judges where they lead', () => {
    mkdirSync(join(folder, 'lib'))
    const target = put(`lib/${LIBRARY_FILE}.3`)
    symlinkSync(target, path)
    assert.equal(checkedLibrary(path).path, target)
    chmodSync(join(folder, 'lib'), 0o777)
    assert.throws(() => checkedLibrary(path), /can be written by other users|replaced by every/)
  })

  it('finds what lies beside the file where a link leads to it from another folder', () => {
    mkdirSync(join(folder, 'lib'))
    const target = put(`lib/${LIBRARY_FILE}`)
    const first = put('lib/libintlc.so.5')
    const beside = put('lib/libimf.so')
    symlinkSync(target, path)
    assert.deepEqual(checkedLibrary(path), { path: target, needs: [first, beside] })
    put('lib/libimf.so', 0o666)
    assert.throws(() => checkedLibrary(path), /libimf.so can be written by other users/)
    const own = put('libimf.so')
    assert.deepEqual(checkedLibrary(path), { path: target, needs: [first, own] })
  })

  it('refuses a pipe, which would be waited for without end', () => {
    put('libintlc.so.5')
    for (const name of [LIBRARY_FILE, 'libimf.so']) {
      const pipe = join(folder, name)
      rmSync(pipe, { force: true })
      assert.equal(spawnSync('mkfifo', ['-m', '644', pipe]).status, 0)
      assert.throws(() => checkedLibrary(path), { message: `${pipe} is not a regular file` })
      rmSync(pipe)
      put(LIBRARY_FILE)
    }
    mkdirSync(join(folder, 'libsvml.so'))
    assert.throws(() => checkedLibrary(path), /libsvml.so is not a regular file/)
  })

  it('refuses a file that is missing', () => {
    assert.throws(() => checkedLibrary(path), { code: 'ENOENT' })
  })
})
