import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  openCookie,
  readCookie,
  sessionCookieName,
  setCookie,
  signCookie,
} from './session-cookie.ts'

const [ONE, TWO] = [1, 2].map((byte) => new Uint8Array(32).fill(byte)) as [Uint8Array, Uint8Array]

describe('cookies of persons', () => {
  it('open with the key that signed them, also while it is the other one', () => {
    const signed = signCookie('token', { inUse: ONE, other: null })
    assert.equal(openCookie(signed, { inUse: ONE, other: null }), 'token')
    assert.equal(openCookie(signed, { inUse: TWO, other: ONE }), 'token')
    assert.equal(openCookie(signed, { inUse: TWO, other: null }), null)
    assert.equal(openCookie('token', { inUse: ONE, other: null }), null)
  })

  it('are read by their whole name, once', () => {
    const read = (header: string) => readCookie(header, 'miot_session')
    assert.equal(read('a=1; miot_session=x.y; b=2'), 'x.y')
    assert.equal(read('xmiot_session=1'), null)
    assert.equal(read('__Host-miot_session=1'), null)
    assert.equal(read('miot_session=1; miot_session=2'), null)
    assert.equal(read(`miot_session=${'x'.repeat(9000)}`), null)
    assert.equal(readCookie(undefined, 'miot_session'), null)
  })

  it('are for this host over TLS, and on loopback without it have no such name', () => {
    assert.equal(sessionCookieName(true), '__Host-miot_session')
    assert.equal(
      setCookie('n', 'v', { secure: true, maxAgeSeconds: 60 }),
      'n=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure',
    )
    assert.equal(sessionCookieName(false), 'miot_session')
    assert.doesNotMatch(setCookie('n', 'v', { secure: false, maxAgeSeconds: 60 }), /Secure/)
  })
})
