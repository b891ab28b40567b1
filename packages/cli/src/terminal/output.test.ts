import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createOutput, properties, type Terminal } from './output.ts'
import { widthOf } from './standard-streams.ts'

function written(
  show: (output: ReturnType<typeof createOutput>) => void,
  json = false,
  terminal?: Terminal,
): string {
  let text = ''
  const write = (more: string) => {
    text += more
  }
  show(createOutput(json, write, terminal))
  return text
}

describe('text from outside', () => {
  const name = 'EVIL\nFAKE\r\u001b[2J'

  it('cannot control the terminal or start a new line', () => {
    const safe = 'EVIL\\u000aFAKE\\u000d\\u001b[2J'
    assert.equal(
      written((output) => output.line({}, () => name)),
      `${safe}\n`,
    )
    assert.equal(
      written((output) => output.print({}, () => output.table(['A', 'B'], [[name, 'b']]))),
      `A${' '.repeat(safe.length + 1)}B\n${safe}  b\n`,
    )
    assert.equal(
      written((output) => output.print({}, () => properties([['a', name]]))),
      `a  ${safe}\n`,
    )
  })

  it('is escaped, including its line breaks; joiners that scripts need stay', () => {
    assert.equal(
      written((output) => output.print({}, () => ['a\u202eb', '\u{e0041}\n', 'می\u200cخواهم'])),
      'a\\u202eb\n\\u{e0041}\\u000a\nمی\u200cخواهم\n',
    )
  })

  it('prints safely as JSON and parses to the same value', () => {
    const hidden = `${name}\u009b\u202e\u{e0041}\u2028\ud83d\u007f`
    for (const text of [
      written((output) => output.line({ name: hidden }, () => assert.fail()), true),
      written((output) => output.print({ [hidden]: { name: hidden } }, () => assert.fail()), true),
      written((output) => output.jsonLine({ name: hidden })),
    ]) {
      assert.match(text, /^[\n\x20-\x7e]+$/)
      assert.ok(JSON.stringify(JSON.parse(text)).includes(JSON.stringify(hidden)))
    }
  })

  it('is exact as JSON', () => {
    const text = written((output) => output.line({ name }, () => assert.fail()), true)
    assert.deepEqual(JSON.parse(text), { name })
  })
})

describe('a table', () => {
  const id = 'client_0123456789abcdef'
  const time = '2026-01-02 03:04:05Z'
  const show = (width: number): string[] =>
    written(
      (output) =>
        output.print({}, () =>
          output.table(
            ['NAME', 'STATUS', 'CREATED', 'CLIENT ID'],
            [
              ['a pump with a long name', 'active', time, id],
              ['b', 'disabled', time, id],
            ],
          ),
        ),
      false,
      { width, bold: (text) => `<${text}>` },
    )
      .trimEnd()
      .split('\n')

  it('is as wide as its cells where there is room, its header in bold', () => {
    assert.deepEqual(show(90), [
      '<NAME                     STATUS    CREATED               CLIENT ID>',
      `a pump with a long name  active    ${time}  ${id}`,
      `b                        disabled  ${time}  ${id}`,
    ])
  })

  it('shortens the widest columns to fit the terminal, but neither times nor the last', () => {
    assert.deepEqual(show(72), [
      '<NAME             STATUS    CREATED               CLIENT ID>',
      `a pump with a …  active    ${time}  ${id}`,
      `b                disabled  ${time}  ${id}`,
    ])
    assert.deepEqual(show(10)[1], `a pump …  active    ${time}  ${id}`)
  })
})

it('a table without rows is a sentence, without a header', () => {
  const show = (empty?: string) =>
    written((output) => output.print({}, () => output.table(['NAME', 'ID'], [], empty)))
  assert.equal(show('No client was found.'), 'No client was found.\n')
  assert.equal(show(), 'There is nothing to show.\n')
})

it('a terminal without a size shortens nothing', () => {
  const [width, none] = [widthOf({ columns: 0 }), widthOf({})]
  assert.deepEqual([width, none], [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY])
  assert.equal(widthOf({ columns: 80 }), 80)
})
