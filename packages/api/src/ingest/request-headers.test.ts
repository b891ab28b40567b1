import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkHeaders, type SentHeaders } from './request-headers.ts'

const NOW_MS = 1_767_323_045_000
const ID = 'X-Request-Id'
const TIMESTAMP = 'X-Request-Timestamp'

/** The faults of two header values, by name; none for good ones. */
function faultsOf(id: string | string[] | undefined, timestamp: string | string[] | undefined) {
  const headers: SentHeaders = { 'x-request-id': id, 'x-request-timestamp': timestamp }
  const result = checkHeaders(headers, NOW_MS)
  return 'errors' in result ? result.errors : {}
}

describe('checkHeaders', () => {
  it('gives the request id of a good request', () => {
    const headers = { 'x-request-id': 'a-1', 'x-request-timestamp': '1767323045' }
    assert.deepEqual(checkHeaders(headers, NOW_MS), { request_id: 'a-1' })
  })

  it('names every missing header at once', () => {
    assert.deepEqual(faultsOf(undefined, undefined), {
      [ID]: 'is required',
      [TIMESTAMP]: 'is required',
    })
    assert.deepEqual(faultsOf(undefined, '1'), { [ID]: 'is required' })
    assert.deepEqual(faultsOf('a', undefined), { [TIMESTAMP]: 'is required' })
  })

  it('wants an id of 1 to 128 visible ASCII characters', () => {
    assert.deepEqual(faultsOf('x'.repeat(128), '1'), {})
    for (const id of ['', 'x'.repeat(129), 'a b', 'é', 'a\n', ['a', 'b']]) {
      assert.deepEqual(faultsOf(id, '1'), { [ID]: 'must be 1 to 128 visible ASCII characters' })
    }
  })

  it('takes Unix seconds with up to nine decimals, however old', () => {
    for (const timestamp of ['0', '1', '1767323045', '1767323045.5', '1767323045.123456789']) {
      assert.deepEqual(faultsOf('a', timestamp), {}, timestamp)
    }
  })

  it('refuses every other way to write a time', () => {
    for (const timestamp of [
      '',
      ' ',
      '-1',
      '+1',
      '1.',
      '.5',
      '1,5',
      '1e9',
      '0x10',
      'NaN',
      'Infinity',
      '1767323045.1234567890',
      '1767323045 ',
      '1767323045\n',
      '2026-01-02T03:04:05Z',
      '1767323045000', // milliseconds
      ['1', '2'],
    ]) {
      const fault = faultsOf('a', timestamp)[TIMESTAMP]
      assert.match(String(fault), /^must be Unix seconds/, String(timestamp))
    }
  })

  it('takes a clock that is an hour ahead, and not a moment more', () => {
    assert.deepEqual(faultsOf('a', '1767326645'), {})
    assert.deepEqual(faultsOf('a', '1767326645.000'), {})
    for (const timestamp of ['1767326645.001', '1767326646', '999999999999']) {
      const fault = faultsOf('a', timestamp)[TIMESTAMP]
      assert.match(String(fault), /more than an hour in the future/, timestamp)
    }
  })

  it('does not take a header by another name', () => {
    const headers = { 'X-Request-Id': 'a', 'request-id': 'a', timestamp: '1' }
    assert.ok('errors' in checkHeaders(headers, NOW_MS))
  })
})
