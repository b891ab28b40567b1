import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import { consoleTypes } from './generate-console-types.ts'

it('the console has the types of the present OpenAPI documents', async () => {
  for (const [name, text] of Object.entries(await consoleTypes())) {
    const path = new URL(`../packages/console/${name}`, import.meta.url)
    const advice = 'run node scripts/generate-console-types.ts'
    assert.ok(readFileSync(path, 'utf8') === text, `${name} is old: ${advice}`)
  }
})
