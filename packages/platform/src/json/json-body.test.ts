import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeUtf8 } from './json-body.ts'
import {
  assertShallow,
  JsonBodyError,
  MAX_JSON_DEPTH,
  MAX_JSON_VALUES,
  parseUniqueJson,
} from './unique-json.ts'

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth)
}

function assertRefused(text: string, message: RegExp): void {
  assert.throws(
    () => parseUniqueJson(text),
    (error) => error instanceof JsonBodyError && message.test(error.message),
    text.slice(0, 80),
  )
}

describe('decodeUtf8', () => {
  it('skips one byte order mark before the text, and no other', () => {
    assert.equal(decodeUtf8(Buffer.from('\ufeff{}')), '{}')
    assert.equal(decodeUtf8(Buffer.from('\ufeff\ufeff{}')), '\ufeff{}')
    assert.equal(decodeUtf8(Buffer.from('{"a":"\ufeff"}\ufeff')), '{"a":"\ufeff"}\ufeff')
    assert.equal(decodeUtf8(Buffer.from('\ufeff')), '')
  })
})

describe('parseUniqueJson', () => {
  it('gives what JSON.parse gives, for any value that is not too deep', () => {
    const value = fc.jsonValue({ maxDepth: MAX_JSON_DEPTH - 1, depthSize: 'large' })
    const spacing = fc.constantFrom(0, 2, '\t')
    fc.assert(
      fc.property(value, spacing, (json, space) => {
        fc.pre(!namesPrototype(json))
        const text = JSON.stringify(json, null, space)
        assert.deepEqual(parseUniqueJson(text), JSON.parse(text))
      }),
    )
  })

  it('gives what JSON.parse gives, or refuses as it does, for strings of any characters', () => {
    const fragment = fc.constantFrom('"', '\\', '{', '}', '[', ']', '\\u007b', ':', ',', 'a', '\n')
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 20 }), (fragments) => {
        const text = fragments.join('')
        let expected: unknown
        try {
          expected = JSON.parse(text)
        } catch {
          assertRefused(text, /not valid JSON/)
          return
        }
        assert.deepEqual(parseUniqueJson(text), expected)
      }),
    )
  })

  it('accepts 32 levels and refuses 33', () => {
    assert.deepEqual(parseUniqueJson(nested(32)), JSON.parse(nested(32)))
    assertRefused(nested(33), /deeper than 32/)
    assertRefused(`${'{"a":'.repeat(33)}1${'}'.repeat(33)}`, /deeper than 32/)
  })

  it('refuses a million levels without running out of stack', () => {
    assertRefused('['.repeat(1_000_000), /deeper than 32/)
  })

  it('accepts values up to the limit, and refuses one more before anything is built', (t) => {
    for (const [open, unit, close] of [
      ['[', '0', ']'],
      ['{"x":[', '"a,[{"', ']}'],
      ['[[[[', '-1.5e3 ', ']]]]'],
    ] as const) {
      const spent = open.replaceAll(/[^[{]/g, '').length
      const most =
        open +
        Array(MAX_JSON_VALUES - spent)
          .fill(unit)
          .join(',') +
        close
      assert.deepEqual(parseUniqueJson(most), JSON.parse(most))
      const parse = t.mock.method(JSON, 'parse')
      assertRefused(most.replace(unit, `${unit},${unit}`), /more than 10000 values/)
      assert.equal(parse.mock.callCount(), 0)
      parse.mock.restore()
    }
  })

  it('counts members, and empty arrays and objects', () => {
    for (const unit of ['[]', '{}', '"k":0']) {
      const all = Array(MAX_JSON_VALUES).fill(unit).join(',')
      assertRefused(unit.startsWith('"') ? `{${all}}` : `[${all}]`, /more than 10000 values/)
    }
  })

  it('never counts fewer values than JSON.parse makes', () => {
    const count = (value: unknown): number =>
      typeof value === 'object' && value !== null
        ? 1 + Object.values(value).reduce((sum: number, one) => sum + count(one), 0)
        : 1
    const wide = fc.array(fc.jsonValue({ depthSize: 'large' }), { minLength: 1 })
    fc.assert(
      fc.property(wide, (json) => {
        fc.pre(!namesPrototype(json))
        const parts = JSON.stringify(json).slice(1, -1)
        const copies = Math.ceil(MAX_JSON_VALUES / (count(json) - 1))
        assertRefused(`[${Array(copies).fill(parts).join(',')}]`, /more than 10000 values/)
      }),
      { numRuns: 30 },
    )
  })

  it('counts levels, not brackets: many values side by side are fine', () => {
    const text = `[${Array(1000).fill('{"a":[]}').join(',')}]`
    assert.deepEqual(parseUniqueJson(text), JSON.parse(text))
  })

  it('treats brackets within strings as text, with escaped quotes and backslashes too', () => {
    const brackets = '[{'.repeat(50)
    for (const string of [brackets, `"${brackets}`, `\\"${brackets}`, `${brackets}\\`, `\\\\"`]) {
      const text = JSON.stringify({ [string]: string })
      assert.deepEqual(parseUniqueJson(text), { [string]: string })
    }
  })

  it('is not lured past the brackets by a quote that follows a finished escape', () => {
    assertRefused(`["\\\\",${nested(32)}]`, /deeper than 32/)
    assertRefused(`["\\\\\\"",${nested(32)}]`, /deeper than 32/)
  })

  it('refuses a member named __proto__ at any level, escapes included', () => {
    for (const name of ['__proto__', '\\u005f_proto__', '__prot\\u006f__', '__\\u0070roto__']) {
      assertRefused(`{"${name}":{"admin":true}}`, /__proto__/)
      assertRefused(`{"${name}":1}`, /__proto__/)
      assertRefused(`[{"a":{"${name}":null}}]`, /__proto__/)
    }
  })

  it('accepts __proto__ as a value, and names that only resemble it', () => {
    const text = '{"a":"__proto__","proto":1,"__proto":2,"\\u005f":3,"constructor":4}'
    assert.deepEqual(parseUniqueJson(text), JSON.parse(text))
  })

  it('passes no reviver to JSON.parse, whatever the text looks like', (t) => {
    const parse = t.mock.method(JSON, 'parse')
    parseUniqueJson('{"a":"\\u0061","b":"__proto__","c":[[],[]]}')
    parseUniqueJson('{"a":"\\u0061","b":"__proto__","c":[[],[]]}')
    assert.deepEqual(
      parse.mock.calls.map(({ arguments: [, reviver] }) => reviver),
      [undefined, undefined],
    )
  })

  it('refuses what is not JSON, the empty text and a byte order mark too', () => {
    for (const text of [
      '',
      ' ',
      '{',
      '"',
      '"\\',
      '{"a":1,}',
      '{a:1}',
      '[1][2]',
      'NaN',
      '\ufeff{}',
    ]) {
      assertRefused(text, /not valid JSON/)
    }
  })

  it('quotes nothing of the body in its message', () => {
    assert.throws(
      () => parseUniqueJson('{"client_secret":"hunter2'),
      (error: Error) => !error.message.includes('hunter2'),
    )
  })

  it('refuses a member named twice, at any depth and however it is spelled', () => {
    for (const text of [
      '{"a":1,"a":1}',
      '{"a":1,"b":{"a":[{"c":1 , "c"\n:2}]}}',
      '[0,{"":1,"":2}]',
      '{"a":1,"\\u0061":2}',
      '{"1":1,"1":2}',
      '{"a":{"x":1,"y":2,"z":3},"a":0}',
      '{"a":0,"a":{"x":1,"y":2,"z":3}}',
    ]) {
      assert.throws(
        () => parseUniqueJson(text),
        (error) => error instanceof JsonBodyError && /duplicate member/.test(error.message),
        text,
      )
    }
  })

  it('accepts the same name in different objects, and names of Object’s own members', () => {
    const text = '{"a":":","b":[{"a":1},{"a":"\\":"}],"constructor":1,"toString":{"a":2}}'
    assert.deepEqual(parseUniqueJson(text), JSON.parse(text))
  })
})

describe('assertShallow', () => {
  it('stops at the end of an unterminated string', () => {
    assertShallow(`"${'['.repeat(100)}`)
  })
})

describe('decodeUtf8', () => {
  it('keeps every character', () => {
    const text = 'ä€😀\0"\u2028'
    assert.equal(decodeUtf8(Buffer.from(text)), text)
  })

  it('refuses bytes that are not UTF-8', () => {
    const sequences = ['ff', 'c3', 'c0af', 'e282', 'eda080', 'f8888080', '22c328']
    for (const hex of sequences) {
      assert.throws(() => decodeUtf8(Buffer.from(hex, 'hex')), JsonBodyError, hex)
    }
  })
})

function namesPrototype(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.keys(value).includes('__proto__') || Object.values(value).some(namesPrototype)
}
