import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isSetupCode, setupCode } from './setup-code.ts'

const [KEY, OTHER] = [1, 2].map((byte) => new Uint8Array(32).fill(byte)) as [Uint8Array, Uint8Array]

describe('the setup code', () => {
  it('is four groups, the same for the same key', () => {
    assert.match(setupCode(KEY), /^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/)
    assert.equal(setupCode(KEY), setupCode(KEY))
    assert.notEqual(setupCode(KEY), setupCode(OTHER))
  })

  it('is recognized as people type it, under any of the keys', () => {
    const code = setupCode(KEY)
    const typed = code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')
    for (const entered of [code, typed, ` ${code}\n`]) {
      assert.ok(isSetupCode(entered, [OTHER, KEY]), entered)
    }
    for (const entered of ['', code.slice(1), `${code}0`, setupCode(OTHER)]) {
      assert.ok(!isSetupCode(entered, [KEY]), entered)
    }
  })
})
