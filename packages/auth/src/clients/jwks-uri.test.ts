import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertJwksUri } from './jwks-uri.ts'

const REFUSED = { name: 'AdminError', code: 'invalid_input' }

describe('assertJwksUri', () => {
  it('accepts URLs as parsers print them', () => {
    for (const jwks_uri of [
      ...['https://keys.example/', 'https://keys.example:8443/a/jwks.json?v=1&x=%20'],
      ...['https://[2001:db8::1]/jwks', 'https://xn--bcher-kva.example/jwks'],
    ]) {
      assertJwksUri(jwks_uri)
    }
  })

  it('requires an https: URL without user name, password, fragment and control characters', () => {
    for (const jwks_uri of [
      ...['', 'jwks', '//h/x', 'http://h/x', 'ftp://h/x', 'https://', 'https:///', 'javascript:x'],
      ...['https://a@h/x', 'https://a:b@h/x', 'https://:b@h/x', 'https://h/x#a', 'https://h/x#'],
      ...['https://h/\tx', 'https://h\n/x', ' https://h/x', 'https://h/x ', 'https://h/\0'],
      ...['https://bücher.example/x', 'https://h/ü', `https://h/${'x'.repeat(2048)}`],
    ]) {
      const message = /^jwks_uri must be an https: URL of at most 2048 characters/
      assert.throws(() => assertJwksUri(jwks_uri), { ...REFUSED, message }, jwks_uri)
    }
  })

  it('requires the one spelling that every parser reads alike', () => {
    for (const [jwks_uri, written] of [
      ['https:h/x', 'https://h/x'],
      ['https:/h/x', 'https://h/x'],
      ['https:\\\\h\\x', 'https://h/x'],
      ['https://h\\x', 'https://h/x'],
      ['https:////h/x', 'https://h/x'],
      ['HTTPS://H/x', 'https://h/x'],
      ['https://h', 'https://h/'],
      ['https://h:443/x', 'https://h/x'],
      ['https://h:/x', 'https://h/x'],
      ['https://@h/x', 'https://h/x'],
      ['https://h/a/../x', 'https://h/x'],
      ['https://h/%2e%2e/x', 'https://h/x'],
      ['https://%68/x', 'https://h/x'],
      ['https://0x7f.1/x', 'https://127.0.0.1/x'],
      ['https://2130706433/x', 'https://127.0.0.1/x'],
    ] as const) {
      const message = `jwks_uri must be written as ${written}`
      assert.throws(() => assertJwksUri(jwks_uri), { ...REFUSED, message }, jwks_uri)
    }
  })
})
