import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createProgress } from './progress.ts'

function setUp({ isTTY = true, quiet = false } = {}) {
  let written = ''
  let nowMs = 0
  const stream = {
    isTTY,
    write: (text: string) => {
      written += text
    },
  }
  const progress = createProgress(stream, quiet, () => nowMs)
  const pass = (ms: number) => {
    nowMs += ms
  }
  return { progress, pass, written: () => written }
}

describe('progress', () => {
  it('is one line, which is written over and removed', () => {
    const { progress, written, pass } = setUp()
    progress.show(0.5, '10 reports')
    progress.show(0.6, 'too soon')
    pass(100)
    progress.show(1.2, '20 reports')
    progress.clear()
    progress.clear()
    const line = (full: number, percent: string, about: string) =>
      `\r\u001b[2K[${'#'.repeat(full)}${'.'.repeat(30 - full)}] ${percent}  ${about}`
    const expected = `${line(15, ' 50%', '10 reports')}${line(30, '100%', '20 reports')}\r\u001b[2K`
    assert.equal(written(), expected)
  })

  it('has no bar when the whole is not known', () => {
    const { progress, written } = setUp()
    progress.show(null, '10 reports')
    assert.equal(written(), '\r\u001b[2K10 reports')
  })

  for (const options of [{ isTTY: false }, { quiet: true }]) {
    it(`is not shown with ${JSON.stringify(options)}`, () => {
      const { progress, written } = setUp(options)
      progress.show(0.5, '10 reports')
      progress.clear()
      assert.equal(written(), '')
    })
  }
})
