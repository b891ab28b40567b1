import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SETTING_FILES } from './setting-text.fixture.ts'
import { settingText } from './setting-text.ts'

describe('a file that holds a setting', () => {
  for (const [content, text] of SETTING_FILES) {
    it(`with ${JSON.stringify(content)} says ${JSON.stringify(text)}`, () => {
      assert.equal(settingText(content), text)
    })
  }

  it('is read in time proportional to its length', () => {
    const breaks = '\n'.repeat(50_000)
    const startedAt = performance.now()
    assert.equal(settingText(`${breaks}x`), `${breaks}x`)
    assert.ok(performance.now() - startedAt < 5_000)
  })
})
