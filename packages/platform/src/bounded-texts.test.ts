import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { BoundedTexts } from './bounded-texts.ts'

const MIB = 1 << 20

describe('BoundedTexts', () => {
  it('does what a Map does while there is room', () => {
    const key = fc.oneof(
      fc.constantFrom('a', 'ab', 'abc', ''),
      fc.stringMatching(/^[^\n]*$/),
      fc.nat(2000).map((number) => `client_${number}`),
    )
    const step = fc.oneof(
      fc.record({ does: fc.constant('set' as const), key, text: fc.string({ unit: 'binary' }) }),
      fc.record({ does: fc.constant('delete' as const), key, text: fc.constant('') }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 500, size: 'max' }), (steps) => {
        const texts = new BoundedTexts(16 * MIB)
        const map = new Map<string, string>()
        for (const { does, key, text } of steps) {
          // What is no Unicode has no UTF-8.
          if (!key.isWellFormed() || !text.isWellFormed()) continue
          if (does === 'set') texts.set(key, text)
          else texts.delete(key)
          if (does === 'set') map.set(key, text)
          else map.delete(key)
        }
        assert.equal(texts.size, map.size)
        for (const [key, text] of map) assert.equal(texts.get(key), text)
        for (const { key } of steps) assert.equal(texts.get(key), map.get(key) ?? null)
      }),
      { numRuns: 20 },
    )
  })

  it('keeps hundreds of thousands, and forgets them at once', () => {
    const texts = new BoundedTexts(64 * MIB)
    for (let number = 0; number < 300_000; number++) texts.set(`client_${number}`, `text ${number}`)
    assert.equal(texts.size, 300_000)
    for (let number = 0; number < 300_000; number += 7) texts.delete(`client_${number}`)
    for (let number = 0; number < 300_000; number++) {
      assert.equal(texts.get(`client_${number}`), number % 7 === 0 ? null : `text ${number}`)
    }
    texts.clear()
    assert.equal(texts.size, 0)
    assert.equal(texts.get('client_1'), null)
    texts.set('client_1', 'again')
    assert.equal(texts.get('client_1'), 'again')
  })

  it('forgets the oldest when it is full', () => {
    const texts = new BoundedTexts(2 * MIB)
    const text = 'x'.repeat(1000)
    for (let number = 0; number < 10_000; number++) texts.set(`${number}`, text)
    assert.ok(texts.size > 1000 && texts.size < 2100, `${texts.size} texts in two segments`)
    const kept = Array.from({ length: 10_000 }, (_, number) => texts.get(`${number}`) !== null)
    assert.equal(kept.indexOf(true), 10_000 - texts.size)
    assert.ok(kept.slice(-texts.size).every((one) => one))
  })

  it('needs no room for a text that it has', () => {
    const texts = new BoundedTexts(MIB)
    const text = 'x'.repeat(1000)
    texts.set('first', text)
    for (let times = 0; times < 10_000; times++) texts.set('second', text)
    assert.equal(texts.get('first'), text)
  })

  it('replaces a text by a longer one, however full it is', () => {
    const texts = new BoundedTexts(MIB)
    for (let length = 0; length < 5000; length++) {
      texts.set('one', 'x'.repeat(length))
      assert.equal(texts.get('one')?.length, length)
      assert.equal(texts.size, 1)
    }
  })

  it('does not keep what is larger than a segment, nor the text that it replaces', () => {
    const texts = new BoundedTexts(4 * MIB)
    texts.set('one', 'small')
    texts.set('one', 'x'.repeat(MIB))
    assert.equal(texts.get('one'), null)
    assert.equal(texts.size, 0)
  })
})
