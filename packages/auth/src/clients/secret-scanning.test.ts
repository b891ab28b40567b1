import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createId, createSecret, SECRET_SCANNER_PATTERN } from './secret.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const scanner = new RegExp(SECRET_SCANNER_PATTERN, 'g')

describe('the expression for secret scanners', () => {
  it('finds a secret anywhere in a text', () => {
    for (const environment of ['development', 'production'] as const) {
      const secret = createSecret(environment)
      for (const text of [
        secret,
        `"${secret}"`,
        `MIOT_CLIENT_SECRET='${secret}'`,
        `x=${secret};`,
      ]) {
        assert.deepEqual(text.match(scanner), [secret])
      }
    }
  })

  it('matches nothing else', () => {
    const secret = createSecret('production')
    for (const text of [secret.slice(0, -1), `${secret}x`, `x${secret}`, createId('client')]) {
      assert.equal(text.match(scanner), null, text)
    }
  })

  it('has no false positive in our own pages', () => {
    const pages = globSync(['*.md', '{docs,conformance,packages}/**/*.{md,txt}'], {
      cwd: root,
      exclude: ['**/node_modules/**'],
    })
    assert.ok(pages.length > 15)
    for (const page of pages) {
      assert.equal(readFileSync(join(root, page), 'utf8').match(scanner), null, page)
    }
  })

  it('is the one in the docs', () => {
    const page = readFileSync(join(root, 'docs/operations.md'), 'utf8')
    assert.ok(page.includes(`\`${SECRET_SCANNER_PATTERN}\``))
  })
})
