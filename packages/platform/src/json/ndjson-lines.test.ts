import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { splitNdjson } from './json-array.ts'
import { countLines, linesOf } from './ndjson-lines.ts'
import { JsonBodyError } from './unique-json.ts'

const pieces = fc.array(
  fc.constantFrom('\n', '\r\n', ' ', '\t', 'x', 'é', '😀', '\ufeff', '{"a":1}'),
  {
    maxLength: 60,
  },
)

describe('lines of NDJSON', () => {
  it('are the same as those of the whole text', () => {
    fc.assert(
      fc.property(pieces, (parts) => {
        const text = parts.join('')
        assert.deepEqual([...linesOf(Buffer.from(text))], splitNdjson(text, 1000))
      }),
    )
  })

  it('are counted with the blank ones, up to the limit', () => {
    for (const [text, lines] of [
      ['', 0],
      ['a', 1],
      ['a\n', 1],
      ['a\nb', 2],
      ['\n\n', 2],
      ['\n'.repeat(100), 11],
    ] as const) {
      assert.equal(countLines(Buffer.from(text), 10), lines, JSON.stringify(text))
    }
  })

  it('are decoded one by one, and refused at once when they are not UTF-8', () => {
    assert.throws(() => linesOf(Buffer.from([0x61, 0x0a, 0xff])), JsonBodyError)
    const bytes = Buffer.from('first\nlater\n')
    const lines = linesOf(bytes)
    assert.equal(lines.next().value, 'first')
    bytes.write('LATER', 6)
    assert.equal(lines.next().value, 'LATER')
  })
})
