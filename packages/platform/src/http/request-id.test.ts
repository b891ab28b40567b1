import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { describe, it } from 'node:test'
import { isRequestId, requestIdOf } from './request-id.ts'

const OURS = /^[\w-]{24}$/

function requestWith(id: string | undefined): IncomingMessage {
  return { headers: id === undefined ? {} : { 'x-request-id': id } } as IncomingMessage
}

const HOSTILE = [
  '',
  ' ',
  'a b',
  'a\nb',
  'a\r\nset-cookie: b',
  'a\tb',
  '\0',
  '\x7f',
  'é',
  'a\n',
  'a'.repeat(129),
]

describe('isRequestId', () => {
  it('accepts 1 to 128 visible ASCII characters', () => {
    for (const id of ['a', '!', '~', '"', 'A-1_b:c/d', 'x'.repeat(128)]) {
      assert.ok(isRequestId(id), id)
    }
  })

  it('refuses everything that could break a header or a log line', () => {
    for (const id of HOSTILE) assert.ok(!isRequestId(id), JSON.stringify(id))
    for (const id of [undefined, null, 7, ['a'], { length: 1 }]) assert.ok(!isRequestId(id))
  })
})

describe('requestIdOf', () => {
  it('is the id that was sent', () => {
    assert.equal(requestIdOf(requestWith('mine-1')), 'mine-1')
  })

  it('is a new one when none was sent, or an invalid one', () => {
    const ids = [undefined, ...HOSTILE].map((id) => requestIdOf(requestWith(id)))
    for (const id of ids) assert.match(id, OURS)
    assert.equal(new Set(ids).size, ids.length)
  })
})
