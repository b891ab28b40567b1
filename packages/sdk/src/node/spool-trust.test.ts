/** What another user of the machine can put in place of a spool before it is opened. */

import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { Spool } from './spool.ts'
import { encodeLine } from './spool-line.ts'

const root = mkdtempSync(join(tmpdir(), 'miot-spool-trust-'))
after(() => rmSync(root, { recursive: true, force: true }))

let directories = 0
function newDirectory(mode = 0o700): string {
  directories += 1
  const path = join(root, String(directories))
  mkdirSync(path)
  chmodSync(path, mode)
  return path
}

const ALL = { maxItems: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY }
const PLANTED = encodeLine({ request_id: 'planted', body: '{}' })
const FIRST = '0000000001.log'
const STRANGER = 54_321
const onlyRoot = process.getuid?.() === 0 ? {} : { skip: 'only root can give a file to another' }

async function assertRefused(directory: string): Promise<void> {
  const before = readdirSync(directory)
  await assert.rejects(Spool.open({ directory }), { code: 'not_private' })
  assert.deepEqual(readdirSync(directory), before, 'nothing was written, and no lock is left')
}

describe('a spool', () => {
  it('is not opened in a directory where others may write', async () => {
    const directory = newDirectory(0o777)
    writeFileSync(join(directory, FIRST), PLANTED)
    await assertRefused(directory)
  })

  it('is not opened in another user’s directory', onlyRoot, async () => {
    const directory = newDirectory()
    chownSync(directory, STRANGER, STRANGER)
    await assertRefused(directory)
  })

  it('is not opened through a symbolic link', async () => {
    const link = join(root, 'link')
    symlinkSync(newDirectory(), link)
    await assertRefused(link)
  })

  it('sends no report from a file that others can write or that is a link', async () => {
    const open = newDirectory()
    writeFileSync(join(open, FIRST), PLANTED)
    chmodSync(join(open, FIRST), 0o666)
    await assertRefused(open)
    const linked = newDirectory()
    writeFileSync(join(root, 'planted'), PLANTED, { mode: 0o600 })
    symlinkSync(join(root, 'planted'), join(linked, FIRST))
    await assertRefused(linked)
  })

  it('sends no report from another user’s file', onlyRoot, async () => {
    const directory = newDirectory()
    writeFileSync(join(directory, FIRST), PLANTED, { mode: 0o600 })
    chownSync(join(directory, FIRST), STRANGER, STRANGER)
    await assertRefused(directory)
  })

  it('does not use another user’s note', async () => {
    const directory = newDirectory()
    const note = join(root, 'note')
    writeFileSync(note, 'x', { mode: 0o600 })
    symlinkSync(note, join(directory, 'position'))
    await assertRefused(directory)
  })

  it('writes through no symbolic link', async () => {
    const directory = newDirectory()
    const precious = join(root, 'precious')
    writeFileSync(precious, 'mine')
    symlinkSync(precious, join(directory, 'position.next'))
    const spool = await Spool.open({ directory })
    await spool.append({ request_id: 'a', body: '{}' })
    const [report] = await spool.peek(ALL)
    await spool.removeThrough(report?.seq ?? 0)
    await spool.close()
    assert.equal(readFileSync(precious, 'utf8'), 'mine')
    assert.ok(existsSync(join(directory, 'position')))
  })
})
