import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkHeaders, type SentHeaders } from './request-headers.ts'

const NOW_MS = 1_767_323_045_000
const ID = 'X-Request-Id'
const TIMESTAMP = 'X-Request-Timestamp'

/** The faults of the two header values, by header name. */
function faultsOf(id: string | string[] | undefined, timestamp: string | string[] | undefined) {
  const headers: SentHeaders = { 'x-request-id': id, 'x-request-timestamp': timestamp }
  const result = checkHeaders(headers, NOW_MS, 'strict')
  return 'errors' in result ? result.errors : {}
}

describe('checkHeaders', () => {
  it('returns the request id of a valid request', () => {
    const headers = { 'x-request-id': 'a-1', 'x-request-timestamp': '1767323045' }
    assert.deepEqual(checkHeaders(headers, NOW_MS, 'strict'), { request_id: 'a-1' })
  })

  it('reports all missing headers together', () => {
    assert.deepEqual(faultsOf(undefined, undefined), {
      [ID]: 'is required',
      [TIMESTAMP]: 'is required',
    })
    assert.deepEqual(faultsOf(undefined, '1'), { [ID]: 'is required' })
    assert.deepEqual(faultsOf('a', undefined), { [TIMESTAMP]: 'is required' })
  })

  it('requires an id of 1 to 128 visible ASCII characters', () => {
    assert.deepEqual(faultsOf('x'.repeat(128), '1'), {})
    for (const id of ['', 'x'.repeat(129), 'a b', 'é', 'a\n', ['a', 'b']]) {
      assert.deepEqual(faultsOf(id, '1'), { [ID]: 'must be 1 to 128 visible ASCII characters' })
    }
  })

  it('accepts Unix seconds with up to nine decimals, however old', () => {
    for (const timestamp of ['0', '1', '1767323045', '1767323045.5', '1767323045.123456789']) {
      assert.deepEqual(faultsOf('a', timestamp), {}, timestamp)
    }
  })

  it('refuses every other time format', () => {
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

  it('accepts a clock that is one hour ahead, and no more', () => {
    assert.deepEqual(faultsOf('a', '1767326645'), {})
    assert.deepEqual(faultsOf('a', '1767326645.000'), {})
    for (const timestamp of ['1767326645.001', '1767326646', '999999999999']) {
      const fault = faultsOf('a', timestamp)[TIMESTAMP]
      assert.match(String(fault), /more than an hour in the future/, timestamp)
    }
  })

  it('accepts missing headers when lenient, but no invalid ones', () => {
    const lenient = (headers: SentHeaders) => checkHeaders(headers, NOW_MS, 'lenient')
    assert.deepEqual(lenient({}), { request_id: null })
    assert.deepEqual(lenient({ 'x-request-id': 'a' }), { request_id: 'a' })
    assert.deepEqual(lenient({ 'x-request-timestamp': '1' }), { request_id: null })
    const invalid = lenient({ 'x-request-id': '', 'x-request-timestamp': 'x' })
    assert.deepEqual('errors' in invalid && Object.keys(invalid.errors), [ID, TIMESTAMP])
  })

  it('accepts no header with another name', () => {
    const headers = { 'X-Request-Id': 'a', 'request-id': 'a', timestamp: '1' }
    assert.ok('errors' in checkHeaders(headers, NOW_MS, 'strict'))
  })
})
