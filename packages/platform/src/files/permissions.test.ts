import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  lstatSync,
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
import { readMountedFile, readMountedFileSync } from './mounted-file.ts'
import {
  assertOwnAncestors,
  assertOwnDirectory,
  assertPrivateFile,
  replaceableBy,
  UnsafePermissions,
} from './permissions.ts'

const STRANGER = 54_321
const skip =
  process.platform === 'win32' ? 'Windows has neither mode bits nor user ids' : (false as const)
const asRoot =
  process.geteuid?.() === 0 ? (false as const) : 'only root can give a file to another user'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'miot-files-'))
  path = join(folder, 'it')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function makeDirectory(mode: number): void {
  mkdirSync(path)
  chmodSync(path, mode)
}

function createFile(mode: number): void {
  writeFileSync(path, 'text')
  chmodSync(path, mode)
}

function assertRefused(check: () => unknown, message: RegExp): void {
  assert.throws(check, (error) => {
    assert.ok(error instanceof UnsafePermissions, String(error))
    assert.match(error.message, message)
    return true
  })
}

describe('a directory of secrets', { skip }, () => {
  for (const mode of [0o700, 0o750, 0o755, 0o2700]) {
    it(`is accepted with mode ${mode.toString(8)}`, () => {
      makeDirectory(mode)
      assertOwnDirectory(path)
    })
  }

  for (const mode of [0o777, 0o1777, 0o775, 0o720, 0o702]) {
    it(`is refused with mode ${mode.toString(8)}, and the message has the command`, () => {
      makeDirectory(mode)
      assertRefused(() => assertOwnDirectory(path), /can be written by other users .*: chmod 700 /)
    })
  }

  it('is refused when it belongs to another user', { skip: asRoot }, () => {
    makeDirectory(0o700)
    chownSync(path, STRANGER, STRANGER)
    assertRefused(() => assertOwnDirectory(path), /belongs to user 54321.*chown -R 0 /)
  })

  it('is accepted behind a link of ours, as systemd creates one', () => {
    mkdirSync(join(folder, 'private', 'state'), { recursive: true, mode: 0o700 })
    symlinkSync('private/state', path)
    assertOwnDirectory(path)
    chmodSync(join(folder, 'private', 'state'), 0o777)
    assertRefused(() => assertOwnDirectory(path), /chmod 700/)
  })

  it('is refused behind a link of another user, wherever in the path', { skip: asRoot }, () => {
    mkdirSync(join(folder, 'real', 'inner'), { recursive: true, mode: 0o700 })
    symlinkSync('real', path)
    lchownSync(path, STRANGER, STRANGER)
    symlinkSync(join(path, 'inner'), join(folder, 'ours'))
    for (const way of [path, join(path, 'inner'), join(folder, 'ours')]) {
      assertRefused(() => assertOwnDirectory(way), /symbolic link of user 54321/)
    }
  })

  it('is refused when it is a file', () => {
    createFile(0o600)
    assertRefused(() => assertOwnDirectory(path), /is not a directory/)
  })
})

describe('the directories above it', { skip }, () => {
  it('are named when others can replace a component, unless they are sticky', () => {
    chmodSync(folder, 0o755)
    makeDirectory(0o777)
    const inner = join(path, 'a', 'b')
    mkdirSync(inner, { recursive: true, mode: 0o700 })
    assert.equal(replaceableBy(inner), path)
    chmodSync(path, 0o1777)
    assert.equal(replaceableBy(inner), null)
  })
})

describe('a private file', { skip }, () => {
  it('is accepted when only its owner can read and write it, and when it is missing', () => {
    assertPrivateFile(path)
    createFile(0o600)
    assertPrivateFile(path)
    chmodSync(path, 0o400)
    assertPrivateFile(path)
  })

  for (const mode of [0o644, 0o640, 0o604, 0o660, 0o602, 0o666]) {
    it(`is refused with mode ${mode.toString(8)}, and the message has the command`, () => {
      createFile(mode)
      assertRefused(() => assertPrivateFile(path), /by other users .*: chmod 600 /)
    })
  }

  it('is refused when it belongs to another user', { skip: asRoot }, () => {
    createFile(0o600)
    chownSync(path, STRANGER, STRANGER)
    assertRefused(() => assertPrivateFile(path), /belongs to user 54321/)
  })

  it('is refused when it is a link, also one that leads nowhere', () => {
    symlinkSync(join(folder, 'nowhere'), path)
    assertRefused(() => assertPrivateFile(path), /is a symbolic link/)
  })

  it('is refused when it has a second hard link', () => {
    createFile(0o600)
    linkSync(path, join(folder, 'other'))
    assertRefused(() => assertPrivateFile(path), /another name.*cp -p .* && mv /)
  })

  it('is refused when it is not a file', () => {
    makeDirectory(0o700)
    assertRefused(() => assertPrivateFile(path), /is not a regular file/)
  })

  it('is quoted in the command for a shell', () => {
    path = join(folder, "it's here")
    createFile(0o644)
    assertRefused(() => assertPrivateFile(path), /chmod 600 '.*\/it'\\''s here'$/)
  })
})

describe('the directories above a file', { skip }, () => {
  const below = (): string => join(realpathSync(path), 'inner', 'file')
  beforeEach(() => {
    makeDirectory(0o755)
    mkdirSync(join(path, 'inner'))
  })

  it('pass when they are ours, or sticky', () => {
    for (const mode of [0o700, 0o755, 0o1777]) {
      chmodSync(path, mode)
      assertOwnAncestors(below())
    }
  })

  it('are refused when others can write to one', () => {
    for (const mode of [0o775, 0o757]) {
      chmodSync(path, mode)
      assertRefused(() => assertOwnAncestors(below()), /exchanged by other users.* of user \d+\)/)
    }
  })

  it('are refused when one belongs to another user, though it is sticky', { skip: asRoot }, () => {
    chownSync(path, STRANGER, STRANGER)
    for (const mode of [0o755, 0o1777]) {
      chmodSync(path, mode)
      assertRefused(() => assertOwnAncestors(below()), /of user 54321/)
    }
  })
})

describe('a file that others provide', { skip }, () => {
  const ways = {
    'at once': async () => String(readMountedFileSync(path)),
    'later on': async () => String(await readMountedFile(path)),
  }
  for (const [when, read] of Object.entries(ways)) {
    it(`is read as Kubernetes and Docker mount it, ${when}`, async () => {
      for (const mode of [0o400, 0o440, 0o444, 0o600, 0o640, 0o644, 0o660]) {
        rmSync(path, { force: true })
        createFile(mode)
        assert.equal(await read(), 'text', mode.toString(8))
      }
      rmSync(path)
      // Kubernetes: key -> ..data/key, ..data -> ..2026_01_15, which it exchanges.
      const mount = join(folder, '..2026_01_15')
      mkdirSync(mount)
      writeFileSync(join(mount, 'it'), 'mounted', { mode: 0o644 })
      symlinkSync('..2026_01_15', join(folder, '..data'))
      symlinkSync('..data/it', path)
      assert.equal(await read(), 'mounted')
    })

    it(`is refused when every user can write it, ${when}`, async () => {
      createFile(0o666)
      await assert.rejects(read, /can be written by every user \(mode 0666\): chmod o-w /)
    })

    it(`is refused when another user can write it, ${when}`, { skip: asRoot }, async () => {
      createFile(0o600)
      chownSync(path, STRANGER, STRANGER)
      await assert.rejects(read, /belongs to user 54321/)
      chmodSync(path, 0o444)
      assert.equal(await read(), 'text')
      assert.equal(lstatSync(path).uid, STRANGER)
    })
  }

  it('may be a device', () => {
    assert.equal(readMountedFileSync('/dev/null').length, 0)
  })
})
