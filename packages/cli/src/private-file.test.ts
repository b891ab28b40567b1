import assert from 'node:assert/strict'
import { mkdtempDisposableSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createAsItComes, createPrivateFile } from './private-file.ts'

const WAYS = { 'with links': createPrivateFile, 'where there are no links': createAsItComes }

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
