import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import { CONFIGURATION_PAGE, configurationPage } from './generate-docs.ts'

it('docs/configuration.md says what the table of settings says', () => {
  const written = readFileSync(CONFIGURATION_PAGE, 'utf8')
  assert.equal(written, configurationPage(), 'run: node scripts/generate-docs.ts')
})
