/**
 * Keeps the README’s tables correct: every name in them must be a test, and every test file must be
 * in the README.
 */

import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('./', import.meta.url))
const readme = readFileSync(`${folder}README.md`, 'utf8')
const files = globSync(`${folder}**/*.ts`).filter((path) => !path.endsWith('readme.test.ts'))
const sources = files.map((path) => readFileSync(path, 'utf8')).join('\n')

it('every test that the README names exists', () => {
  const rows = readme.match(/^\| RFC .*\|$/gm) ?? []
  assert.ok(rows.length > 40, `${rows.length} rows`)
  for (const row of rows) {
    const names = [...(row.split('|')[3] ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1])
    assert.ok(names.length > 0, row)
    for (const name of names) {
      const known = sources.includes(name as string) || files.includes(folder + name)
      assert.ok(known, `no test is named "${name}"`)
    }
  }
})

it('every test file is in the README', () => {
  for (const path of files.filter((file) => file.endsWith('.test.ts'))) {
    assert.ok(readme.includes(`\`${basename(path)}\``), basename(path))
  }
})

it('tests import only published or test modules of packages/, except for the routes', () => {
  const allowed = /^@modulariot\/(oauth|telemetry|sdk)\b|\/testing\//
  for (const path of files.filter((file) => !file.endsWith('support/route-table.ts'))) {
    const imports = readFileSync(path, 'utf8').matchAll(
      /from '((?:@modulariot|[./]*packages)\/[^']*)'/g,
    )
    for (const [, module = ''] of imports) assert.match(module, allowed, basename(path))
  }
})
