import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempDisposableSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { describe, it } from 'node:test'
import { writeDirectory } from './new-directory.ts'

const temporaryFolder = () => mkdtempDisposableSync(join(tmpdir(), 'miot-'))
const nothing = async (): Promise<void> => undefined

describe('writeDirectory', () => {
  it('has the name only once everything is in it', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'new')
    await writeDirectory(path, async (unfinished) => {
      assert.match(basename(unfinished), /^new\.unfinished-/)
      assert.equal(existsSync(path), false)
      writeFileSync(join(unfinished, 'file'), 'text')
    })
    assert.deepEqual(readdirSync(folder.path), ['new'])
    assert.deepEqual(readdirSync(path), ['file'])
    assert.equal(statSync(path).mode & 0o777, 0o700)
  })

  it('leaves nothing when the work fails', async () => {
    using folder = temporaryFolder()
    const failure = new Error('the disk is full')
    const failed = writeDirectory(join(folder.path, 'new'), async (unfinished) => {
      writeFileSync(join(unfinished, 'file'), 'text')
      throw failure
    })
    await assert.rejects(failed, failure)
    assert.deepEqual(readdirSync(folder.path), [])
  })

  it('takes an empty directory, and refuses one with a file, a file, and a wrong parent', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'there')
    mkdirSync(path)
    await writeDirectory(path, async (unfinished) =>
      writeFileSync(join(unfinished, 'file'), 'text'),
    )
    await assert.rejects(writeDirectory(path, nothing), { code: 'usage', message: /not empty/ })
    const file = join(path, 'file')
    await assert.rejects(writeDirectory(file, nothing), { message: /is not a directory/ })
    const below = join(file, 'new')
    await assert.rejects(writeDirectory(below, nothing), { code: 'usage', message: /a directory/ })
    const missing = join(folder.path, 'missing', 'new')
    await assert.rejects(writeDirectory(missing, nothing), {
      code: 'not_found',
      message: /does not exist: create it, or mount its disk/,
    })
    assert.deepEqual(readdirSync(folder.path), ['there'])
  })
})
