import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseCorsOrigins } from './cors-origins.ts'

describe('parseCorsOrigins', () => {
  it('takes exact origins', () => {
    const origins = ['https://app.example', 'https://app.example:8443', 'http://localhost:5173']
    assert.deepEqual(parseCorsOrigins(origins.join(' , ')), origins)
    assert.deepEqual(parseCorsOrigins('http://[::1]:81'), ['http://[::1]:81'])
  })

  for (const [text, message] of Object.entries({
    '*': /"\*" is none/,
    null: /"null" is none/,
    'app.example': /is none/,
    'https://app.example/': /write https:\/\/app.example for/,
    'https://App.example': /write https:\/\/app.example for/,
    'https://app.example:443': /write https:\/\/app.example for/,
    'https://a:b@app.example': /write https:\/\/app.example for/,
    'https://*.app.example': /origins/,
    'file:///x': /is none/,
    'http://app.example': /https origins/,
    'https://app.example,': /"" is none/,
  })) {
    it(`refuses ${text}`, () => {
      assert.throws(() => parseCorsOrigins(text), message)
    })
  }
})
