import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { hasDuplicateMembers } from './json-text.ts'

function duplicatesIn(text: string): boolean {
  return hasDuplicateMembers(text, JSON.parse(text))
}

/** JSON as written: members in a list, so that a name may occur twice. */
type Written = string | number | null | Written[] | { members: [name: string, value: Written][] }

/**
 * A name of one character, spelled with an escape. V8 misreads it as a backslash once it has seen a
 * name that is a backslash (nodejs/node#63785), so these are excluded; none of our names is that
 * short.
 */
const MISREAD_NAME = /"\\(?:u.{4}|.)"\s*:/

/** Few and awkward names, so that repetition happens, even across levels. */
const name = fc.constantFrom(
  'a',
  'b',
  '',
  '""',
  '\\a',
  ':',
  '":',
  '__proto__',
  '00',
  'éa',
  '\u2028',
)
const { written } = fc.letrec<{ written: Written }>((tie) => ({
  written: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(name, fc.integer(), fc.constant(null)),
    fc.array(tie('written'), { maxLength: 3 }),
    fc.record({ members: fc.array(fc.tuple(name, tie('written')), { maxLength: 4 }) }),
  ),
}))

function repeats(value: Written): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some(repeats)
  const names = new Set(value.members.map(([member]) => member))
  return names.size < value.members.length || value.members.some(([, child]) => repeats(child))
}

/**
 * The text; `style` chooses between plain and escaped spelling, with and without spaces, at each
 * step.
 */
function render(value: Written, style: () => number): string {
  const space = (): string => ['', ' ', '\n\t', '\r\n'][style() % 4] as string
  const string = (text: string): string =>
    style() % 2 === 0 || text.length === 1
      ? JSON.stringify(text)
      : `"${[...text].map(escaped).join('')}"`
  if (typeof value === 'string') return string(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) {
    return `[${value.map((item) => space() + render(item, style) + space()).join(',')}]`
  }
  const members = value.members.map(
    ([member, child]) => `${space()}${string(member)}${space()}:${space()}${render(child, style)}`,
  )
  return `{${members.join(',')}${space()}}`
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

describe('hasDuplicateMembers', () => {
  it('is false for whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        fc.pre(!MISREAD_NAME.test(text))
        assert.equal(duplicatesIn(text), false)
      }),
    )
  })

  it('is true exactly when an object has a name twice, in any spelling', () => {
    fc.assert(
      fc.property(written, fc.infiniteStream(fc.nat(3)), (value, styles) => {
        const text = render(value, () => styles.next().value ?? 0)
        assert.equal(duplicatesIn(text), repeats(value), text)
      }),
      { numRuns: 2000 },
    )
  })

  it('is true for any object into which one of its members was injected again', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 })
    fc.assert(
      fc.property(object, fc.nat(), (value, pick) => {
        const text = JSON.stringify(value)
        fc.pre(!MISREAD_NAME.test(text))
        const names = Object.keys(JSON.parse(text) as object)
        const again = JSON.stringify(names[pick % names.length])
        assert.equal(duplicatesIn(`{${again}:0,${text.slice(1)}`), true)
      }),
    )
  })

  const cases: readonly (readonly [text: string, repeated: boolean])[] = [
    ['{"alg":"none","alg":"RS256"}', true],
    ['{"client_id":"a","\\u0063lient_id":"b"}', true],
    ['{"__proto__":1,"__proto__":2}', true],
    ['{"__proto__":{"a":1},"a":1}', false],
    ['{"a":{"b":1},"b":1}', false],
    ['{"a":{"b":1,"b":2}}', true],
    ['{"a":{"b":1,"c":2},"a":{}}', true],
    ['[{"a":1},{"a":1}]', false],
    ['{"a":"\\"a\\":1"}', false],
    ['{"a":"x","b":": "}', false],
    ['{"a\\\\":1,"a":2}', false],
    ['"a"', false],
    ['null', false],
  ]
  for (const [text, repeated] of cases) {
    it(`says ${repeated} of ${text}`, () => assert.equal(duplicatesIn(text), repeated))
  }
})
