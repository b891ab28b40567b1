import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { publishFile } from './publish-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'miot-publish-'))
  writeFileSync(join(folder, 'out.1.partial'), 'new')
})
afterEach(() => rmSync(folder, { recursive: true }))

const publish = (): void => publishFile(join(folder, 'out.1.partial'), join(folder, 'out'))

describe('publishFile', () => {
  it('gives a file its name', () => {
    publish()
    assert.deepEqual(readdirSync(folder), ['out'])
    assert.equal(readFileSync(join(folder, 'out'), 'utf8'), 'new')
  })

  it('replaces no file that has appeared, and keeps the finished one beside it', () => {
    writeFileSync(join(folder, 'out'), 'old')
    assert.throws(publish, { message: /out exists by now and was not replaced: see .*out\.1$/ })
    assert.deepEqual(readdirSync(folder).sort(), ['out', 'out.1'])
    assert.equal(readFileSync(join(folder, 'out'), 'utf8'), 'old')
    assert.equal(readFileSync(join(folder, 'out.1'), 'utf8'), 'new')
  })
})
