/** Each kind of refusal that the servers record has a cause and a remedy in both languages. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { ALL_REFUSAL_LABELS } from '@modulariot/oauth/protocol'
import { API_REFUSAL_KINDS } from '../../api/src/http/refusal-kinds.ts'
import { kinds } from '../src/texts/en-kinds.ts'
import { kinds as enEspanol } from '../src/texts/es-kinds.ts'

const DOCS = new URL('../../../docs/operations.md', import.meta.url)

describe('the kinds of refusals', () => {
  it('have a row each, and no row is of a kind that cannot occur', () => {
    const recorded = new Set([...ALL_REFUSAL_LABELS, ...API_REFUSAL_KINDS])
    assert.deepEqual(Object.keys(kinds).sort(), [...recorded].sort())
  })

  it('are those of the documentation', () => {
    const text = readFileSync(DOCS, 'utf8')
    const [list = ''] = /- of clients and tokens:[\s\S]*?(?=- of the admin API:)/.exec(text) ?? []
    const documented = [...list.matchAll(/`(\w+)`/g)].map(([, kind]) => kind as string)
    assert.ok(documented.length > 30)
    assert.deepEqual(Object.keys(kinds).sort(), [...new Set(documented)].sort())
  })

  it('are said in both languages, in words of their own', () => {
    for (const texts of [kinds, enEspanol]) {
      for (const { name, cause, remedy } of Object.values(texts)) {
        for (const words of [name, cause, remedy]) assert.ok(words.length > 3, name)
      }
      const causes = Object.values(texts).map(({ cause }) => cause)
      assert.equal(new Set(causes).size, causes.length)
    }
    assert.deepEqual(Object.keys(enEspanol), Object.keys(kinds))
  })
})
