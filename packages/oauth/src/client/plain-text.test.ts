import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { plainText } from './plain-text.ts'

const SECRET = 'miot_dev_s3cr3t&with=odd characters %'
const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjbGllbnQtMSJ9.c2lnbmF0dXJl'

describe('a text from outside', () => {
  it('is short, on one line, and without secrets in any spelling', () => {
    const form = new URLSearchParams({ '': SECRET }).toString().slice(1)
    const spellings = [SECRET, form, encodeURIComponent(SECRET), JWT, `x-${JWT}`, `.${JWT}.x`]
    for (const spelling of spellings) {
      const plain = plainText(`a ${spelling}\n\u001b[31m b`, [SECRET])
      assert.match(plain, /^a \.?\[redacted\](?:\.x)? \[31m b$/, spelling)
    }
    assert.equal(plainText('x y '.repeat(1000), []).length, 301)
  })

  it('neither reverses the order of letters nor hides any', () => {
    assert.equal(plainText('a\u202eb\u200b\u009bc', []), 'a b c')
  })

  it('that is cut shows no half of a secret or a token at its end, nor what moves up after redaction', () => {
    // Redacting shortens the beginning, so that text from further on moves up.
    for (let at = 4000; at < 4200; at += 1) {
      for (const hidden of [SECRET, JWT]) {
        const before = `${`${JWT} `.repeat(60)}${'y '.repeat(2000)}`.slice(0, at)
        const plain = plainText(`${before} ${hidden} ${'z '.repeat(3000)}`, [SECRET])
        assert.doesNotMatch(plain, /miot_dev|eyJ/, `${at}`)
      }
    }
    assert.doesNotMatch(plainText(JWT.repeat(200), []), /eyJ/)
  })

  it('takes time in proportion to its length', () => {
    const cost = (text: string) => {
      const begun = process.cpuUsage()
      for (let turn = 0; turn < 20; turn++) plainText(text, [SECRET])
      return process.cpuUsage(begun).user
    }
    for (const unit of ['a', 'aaaa.', '_-', 'é', '%41']) {
      cost(unit.repeat(2_000))
      // A hundred times the text may take a hundred times as long; quadratic time would be ten
      // thousand.
      const bound = 100 * Math.max(1_000, cost(unit.repeat(1_000)))
      assert.ok(cost(unit.repeat(100_000)) < bound, unit)
    }
  })
})
