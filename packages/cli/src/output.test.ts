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

describe('what others stored', () => {
  const name = 'EVIL\nFAKE\r\u001b[2J'

  it('commands no terminal and makes no row of its own', () => {
    const safe = 'EVIL\ufffdFAKE\ufffd\ufffd[2J'
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

  it('is exact as JSON', () => {
    const text = written((output) => output.line({ name }, () => assert.fail()), true)
    assert.deepEqual(JSON.parse(text), { name })
  })
})
