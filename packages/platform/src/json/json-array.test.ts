import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { memberValue, splitJsonArray, splitJsonObject, splitNdjson } from './json-array.ts'
import { JsonBodyError } from './unique-json.ts'

describe('splitJsonArray', () => {
  it('returns the elements of any array, each as written', () => {
    const elements = fc.array(fc.jsonValue(), { maxLength: 20 })
    fc.assert(
      fc.property(elements, fc.constantFrom(0, 2, '\t'), (values, space) => {
        const texts = splitJsonArray(JSON.stringify(values, null, space), 20)
        const plain = JSON.parse(JSON.stringify(values))
        assert.deepEqual(
          texts.map((text) => JSON.parse(text)),
          plain,
        )
      }),
    )
  })

  it('rounds no number and loses no space within an element', () => {
    const text = ' [ {"iccid": 89560100000000000017 } ,\n1.0\n]\r\n'
    assert.deepEqual(splitJsonArray(text, 9), ['{"iccid": 89560100000000000017 }', '1.0'])
  })

  it('treats brackets, commas and quotes in strings as text', () => {
    const values = ['],[', '\\"', '\\', '",', '{']
    const texts = splitJsonArray(JSON.stringify(values), 9)
    assert.deepEqual(
      texts.map((text) => JSON.parse(text)),
      values,
    )
  })

  it('stops one past the maximum, whatever follows', () => {
    assert.equal(splitJsonArray(`[${'1,'.repeat(1000)}`, 3).length, 4)
    assert.equal(splitJsonArray('[1,2,3]', 3).length, 3)
    assert.equal(splitJsonArray('[1,2,3,4]', 3).length, 4)
  })

  it('leaves the text between the commas to the parser', () => {
    assert.deepEqual(splitJsonArray('[1,,x]', 9), ['1', '', 'x'])
    assert.deepEqual(splitJsonArray('[1,]', 9), ['1', ''])
  })

  it('refuses a text that is not exactly one complete array', () => {
    for (const text of [
      '',
      ' ',
      '{}',
      '{"a":[]}',
      '1',
      '[',
      '[1',
      '["]',
      '[{"a":1]',
      '[{"a":1}}',
      '[}',
      '[1]]',
      '[1] 2',
    ]) {
      assert.throws(() => splitJsonArray(text, 9), JsonBodyError, text)
    }
  })

  it('skips a million blanks quickly', { timeout: 10_000 }, () => {
    const blanks = ' '.repeat(1_000_000)
    assert.deepEqual(splitJsonArray(`[{"a":${blanks}1}${blanks}]${blanks}`, 9), [
      `{"a":${blanks}1}`,
    ])
  })

  it('walks a million brackets without running out of stack', () => {
    assert.throws(() => splitJsonArray('['.repeat(1_000_000), 9), /does not end/)
  })
})

describe('splitJsonObject', () => {
  it('returns the members of any object, each as written', () => {
    const object = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue(), {
      noNullPrototype: true,
    })
    fc.assert(
      fc.property(object, fc.constantFrom(0, 2, '\t'), (sent, space) => {
        const members = splitJsonObject(JSON.stringify(sent, null, space))
        const plain: Record<string, unknown> = JSON.parse(JSON.stringify(sent))
        assert.deepEqual([...members.keys()], Object.keys(plain))
        for (const [name, member] of members) {
          assert.deepEqual(JSON.parse(memberValue(member)), plain[name])
        }
      }),
    )
  })

  it('finds a name in any spelling, and rounds nothing', () => {
    const text = ' {"a":{"b:":1}, "\\u0062\\":" : [1.0, 12345678901234567890] , "c":":"}\n'
    const members = splitJsonObject(text)
    assert.deepEqual([...members.keys()], ['a', 'b":', 'c'])
    assert.equal(memberValue(members.get('b":') as string), '[1.0, 12345678901234567890]')
    assert.equal(memberValue(members.get('c') as string), '":"')
    assert.deepEqual(splitJsonObject('{}'), new Map())
  })
})

describe('splitNdjson', () => {
  it('returns the lines without the blank ones, whatever ends them', () => {
    assert.deepEqual(splitNdjson('{"a":1}\r\n\n  \n[2 ]\n', 9), ['{"a":1}', '[2 ]'])
    assert.deepEqual(splitNdjson('{"a":1}\n{"cut', 9), ['{"a":1}', '{"cut'])
    assert.deepEqual(splitNdjson('', 9), [])
    assert.deepEqual(splitNdjson('\n\n', 9), [])
  })

  it('skips a byte order mark before a line, but keeps one within', () => {
    assert.deepEqual(splitNdjson('\ufeff1\r\n\ufeff\n\ufeff "\ufeff"\n', 9), ['1', '"\ufeff"'])
  })

  it('stops one past the maximum', () => {
    assert.equal(splitNdjson('1\n'.repeat(1000), 3).length, 4)
    assert.equal(splitNdjson('1\n2\n3', 3).length, 3)
  })
})
