/** Keeps the threat model correct: a missing test would mean an unchecked defence. */

import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, it } from 'node:test'

const ROOT = join(import.meta.dirname, '..')
const FILES = globSync('{packages,conformance,faults,scripts,examples}/**/*.ts', {
  cwd: ROOT,
  exclude: (path) => path.includes('node_modules'),
})

const text = readFileSync(join(ROOT, 'docs/threat-model.md'), 'utf8')
const rows = text
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| Attack'))

describe('the threat model', () => {
  it('names a test for each attack', () => {
    for (const row of rows) assert.match(row.split('|').at(-2) ?? '', /`[\w./-]+`/, row)
  })

  it('names only existing tests', () => {
    for (const row of rows) {
      for (const [, path = ''] of (row.split('|').at(-2) ?? '').matchAll(/`([^`]+)`/g)) {
        const found = path.includes('/')
          ? existsSync(join(ROOT, path))
          : FILES.some((file) => basename(file) === path)
        assert.ok(found, `${path} in: ${row}`)
      }
    }
  })
})
