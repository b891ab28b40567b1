import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { retryAfterSeconds } from './retry-after.ts'

const NOW_MS = Date.parse('2026-01-01T12:00:00Z')

describe('Retry-After', () => {
  const cases: readonly (readonly [value: string, seconds: number | null])[] = [
    ['0', 0],
    ['7', 7],
    [' 120 ', 120],
    ['86400', 86_400],
    ['86401', 86_400],
    ['9'.repeat(400), 86_400],
    ['Thu, 01 Jan 2026 12:01:00 GMT', 60],
    ['Thursday, 01-Jan-26 12:01:00 GMT', 60],
    ['Thu, 01 Jan 2026 11:00:00 GMT', 0],
    ['Thu, 01 Jan 2099 12:00:00 GMT', 3600],
    ['-5', null],
    ['1.5', null],
    ['1e3', null],
    ['0x10', null],
    ['2026-01-01T12:01:00Z', null],
    ['soon', null],
    ['Thu, soon', null],
    ['', null],
  ]
  for (const [value, seconds] of cases) {
    it(`${JSON.stringify(value.slice(0, 40))} is ${seconds} s`, () => {
      assert.equal(retryAfterSeconds(new Headers({ 'retry-after': value }), NOW_MS), seconds)
    })
  }

  it('is null where there is none', () => {
    assert.equal(retryAfterSeconds(new Headers(), NOW_MS), null)
  })

  it('counts a date from the answer’s own', () => {
    const date = 'Wed, 01 Jan 2020 00:00:00 GMT'
    const headers = new Headers({ date, 'retry-after': 'Wed, 01 Jan 2020 00:10:00 GMT' })
    assert.equal(retryAfterSeconds(headers, NOW_MS), 600)
  })
})
