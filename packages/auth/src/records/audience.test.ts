import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AdminError } from '../errors/admin-error.ts'
import { type Audience, assertAudience } from './audience.ts'

const AUDIENCE: Audience = {
  audience: 'https://api.example/v1',
  scopes: ['asset:track:write'],
  token_lifetime_seconds: 86_400,
  signing_alg: 'RS256',
  token_typ: 'at+jwt',
}

function assertInvalid(change: Partial<Audience>, message: RegExp): void {
  assert.throws(
    () => assertAudience({ ...AUDIENCE, ...change }),
    (error) =>
      error instanceof AdminError && error.code === 'invalid_input' && message.test(error.message),
    JSON.stringify(change),
  )
}

describe('assertAudience', () => {
  it('accepts an identifier of visible ASCII, a URL or not', () => {
    for (const audience of ['https://api.example/v1', 'urn:example:api', 'a', 'x'.repeat(512)]) {
      assertAudience({ ...AUDIENCE, audience })
    }
  })

  it('refuses an identifier that a header or a shell would change', () => {
    for (const audience of ['', 'a b', 'a\n', 'a"b', 'a\\b', 'ä', 'x'.repeat(513)]) {
      assertInvalid({ audience }, /^audience must be/)
    }
  })

  it('requires scopes by the grammar of RFC 6749 §3.3', () => {
    assertAudience({ ...AUDIENCE, scopes: ['a', "b:c/d-e.f_g~'"] })
    for (const scopes of [[], [''], ['a b'], ['a', 'b"'], ['é'], ['a\\b']]) {
      assertInvalid({ scopes }, /^scopes must be/)
    }
  })

  it('requires one of our signing algorithms', () => {
    for (const alg of ['none', 'HS256', 'rs256', '']) {
      assertInvalid({ signing_alg: alg as 'RS256' }, /RS256, PS256, ES256, EdDSA/)
    }
  })

  it('requires a type of token that we issue', () => {
    for (const token_typ of ['at+jwt', 'JWT'] as const) assertAudience({ ...AUDIENCE, token_typ })
    for (const typ of ['jwt', 'AT+JWT', 'application/at+jwt', '', 'logout+jwt']) {
      assertInvalid({ token_typ: typ as 'JWT' }, /^token_typ must be one of at\+jwt, JWT$/)
    }
  })

  it('requires a lifetime of a minute to 30 days', () => {
    for (const seconds of [60, 2_592_000]) {
      assertAudience({ ...AUDIENCE, token_lifetime_seconds: seconds })
    }
    for (const seconds of [59, 2_592_001, 90.5, Number.NaN]) {
      assertInvalid({ token_lifetime_seconds: seconds }, /from 60 to 2592000/)
    }
  })
})
