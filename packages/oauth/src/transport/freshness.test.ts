import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { freshSeconds } from './freshness.ts'

const CASES: readonly (readonly [
  cacheControl: string | null,
  age: string | null,
  number | null,
])[] = [
  [null, null, null],
  ['', null, null],
  ['public', null, null],
  ['public, max-age=300', null, 300],
  ['Max-Age=300', null, 300],
  ['max-age="300"', null, 300],
  ['public,max-age=300,must-revalidate', null, 300],
  ['private="a, max-age=5", max-age=300', null, 300],
  ['s-maxage=5, max-age=300', null, 300],
  ['x-max-age=5', null, null],
  ['max-age=0', null, 0],
  ['max-age=300', '100', 200],
  ['max-age=300', '1000', 0],
  ['max-age=300', '-7', 300],
  ['max-age=300', 'soon', 300],
  ['max-age=99999999999999999999999', null, 2 ** 31],
  ['max-age', null, 0],
  ['max-age=', null, 0],
  ['max-age=-1', null, 0],
  ['max-age=1.5', null, 0],
  ['max-age=1e3', null, 0],
  ['max-age=300, max-age=600', null, 0],
  ['no-store', null, 0],
  ['max-age=300, no-store', null, 0],
  ['no-cache="set-cookie", max-age=300', null, 0],
]

describe('the freshness of an answer', () => {
  for (const [cacheControl, age, expected] of CASES) {
    it(`is ${expected} s with Cache-Control ${cacheControl} and Age ${age}`, () => {
      const headers = new Headers()
      if (cacheControl !== null) headers.set('cache-control', cacheControl)
      if (age !== null) headers.set('age', age)
      assert.equal(freshSeconds(headers), expected)
    })
  }

  it('counts a directive of a second header line like one of the first', () => {
    const headers = new Headers([
      ['cache-control', 'public'],
      ['cache-control', 'max-age=60'],
    ])
    assert.equal(freshSeconds(headers), 60)
  })
})
