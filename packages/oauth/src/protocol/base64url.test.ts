import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeBase64urlText, isCanonicalBase64url } from './base64url.ts'

/** Decodes with Node's lenient decoder and encodes again: equal only for canonical text. */
function rewritten(text: string): string {
  return Buffer.from(text, 'base64url').toString('base64url')
}

const bytes = fc.uint8Array({ minLength: 1, maxLength: 48 })
const alphabetText = fc.string({
  unit: fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'),
  maxLength: 12,
})

describe('isCanonicalBase64url', () => {
  it('accepts the encoding of any bytes', () => {
    fc.assert(
      fc.property(bytes, (value) => isCanonicalBase64url(Buffer.from(value).toString('base64url'))),
    )
  })

  it('agrees with decoding and encoding again, for any text', () => {
    const text = fc.oneof(alphabetText, fc.string({ maxLength: 12 }), fc.base64String())
    fc.assert(
      fc.property(text, (value) => {
        assert.equal(isCanonicalBase64url(value), value !== '' && rewritten(value) === value)
      }),
      { numRuns: 2000 },
    )
  })

  it('accepts exactly the 16 + 64 x 4 + 64 x 64 x 16 canonical texts among the shortest ones', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const two = [...alphabet].flatMap((a) => [...alphabet].map((b) => a + b))
    const canonical = two.filter(isCanonicalBase64url)
    assert.equal(canonical.length, 256)
    assert.deepEqual(
      canonical,
      two.filter((text) => rewritten(text) === text),
    )
    const three = two.flatMap((start) => [...alphabet].map((end) => start + end))
    assert.equal(three.filter(isCanonicalBase64url).length, 65536)
  })

  const refused: readonly (readonly [why: string, text: string])[] = [
    ['nothing', ''],
    ['padding', 'YQ=='],
    ['the other alphabet', '+/+/'],
    ['a space', 'YW Jj'],
    ['a newline at the end', 'YWJj\n'],
    ['a NUL', 'YWJj\0'],
    ['a dot', 'YWJ.'],
    ['an impossible length', 'YWJjY'],
    ['four unused bits set', 'YR'],
    ['two unused bits set', 'YWF'],
    ['a letter that only looks like ASCII', 'YWJ\uff41'],
  ]
  for (const [why, text] of refused) {
    it(`refuses ${why}`, () => assert.equal(isCanonicalBase64url(text), false))
  }
})

describe('decodeBase64urlText', () => {
  it('gives back any text that was encoded', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 })
    fc.assert(
      fc.property(text, (value) => {
        assert.equal(decodeBase64urlText(Buffer.from(value).toString('base64url')), value)
      }),
    )
  })

  it('keeps a byte order mark, so that two byte strings never give the same text', () => {
    assert.equal(decodeBase64urlText('77u_e30'), '\ufeff{}')
    assert.equal(decodeBase64urlText('e30'), '{}')
  })

  const refused: readonly (readonly [why: string, bytes: readonly number[]])[] = [
    ['a byte UTF-8 never holds', [0xff]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a lone surrogate', [0xed, 0xa0, 0x80]],
    ['a sequence cut short', [0xe2, 0x82]],
  ]
  for (const [why, value] of refused) {
    it(`gives null for ${why}`, () => {
      assert.equal(decodeBase64urlText(Buffer.from(value).toString('base64url')), null)
    })
  }

  it('gives null for text that is not canonical', () => {
    assert.equal(decodeBase64urlText('YWJj'), 'abc')
    assert.equal(decodeBase64urlText('YWI'), 'ab')
    assert.equal(decodeBase64urlText('YWJ'), null)
  })
})
