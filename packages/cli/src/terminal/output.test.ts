import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createOutput, properties, table } from './output.ts'

function written(show: (output: ReturnType<typeof createOutput>) => void, json = false): string {
  let text = ''
  show(
    createOutput(json, (more) => {
      text += more
    }),
  )
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
      written((output) => output.print({}, () => table(['A', 'B'], [[name, 'b']]))),
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
