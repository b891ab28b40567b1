import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { eventText } from './event-text.ts'

/** The pieces as bytes, as a socket receives them. */
const received = (data: string) =>
  [...eventText('observation', ['', data, '}'], 7)].map((piece) => Buffer.from(piece))

describe('an event', () => {
  it('that is short is a single piece', () => {
    assert.deepEqual([...eventText('end', ['{', '}'])], ['event: end\ndata: {}\n\n'])
    const [text] = eventText('a', ['{\r\n"b":\r1\n}'], 0)
    assert.equal(text, 'event: a\nid: 0\ndata: {\ndata: "b":\ndata: 1\ndata: }\n\n')
  })

  it('of line ends only, each of which becomes seven characters, is cut in short pieces', () => {
    for (const lineEnd of ['\n', '\r', '\r\n']) {
      const data = `{${lineEnd.repeat(40_000)}`
      const pieces = [...eventText('observation', [data, '}'], 7)]
      assert.ok(pieces.length > 1)
      assert.ok(pieces.every(({ length }) => length < 32 * 1024))
      assert.equal(
        pieces.join(''),
        `event: observation\nid: 7\ndata: {${'\ndata: '.repeat(40_000)}}\n\n`,
      )
    }
  })

  it('that is long is cut between characters and line ends', () => {
    const unit = fc.constantFrom('a', '🚚', '\r\n', 'é', '\n', '雪')
    fc.assert(
      fc.property(fc.array(unit, { minLength: 1, maxLength: 4 }), fc.nat(3), (units, shift) => {
        const data = 'x'.repeat(shift) + units.join('').repeat(40_000 / units.length)
        const pieces = received(data)
        assert.ok(pieces.length > 1)
        assert.ok(pieces.every((piece) => piece.length < 200_000))
        const lines = data.replaceAll(/\r\n|\r|\n/g, '\ndata: ')
        const whole = `event: observation\nid: 7\ndata: ${lines}}\n\n`
        assert.ok(Buffer.concat(pieces).equals(Buffer.from(whole)))
      }),
      { numRuns: 50 },
    )
  })
})
