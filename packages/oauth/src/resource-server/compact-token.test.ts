import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from '../protocol/index.ts'
import { readAccessTokenHeader } from './compact-token.ts'

const HEADER = { alg: 'RS256', kid: 'k1', typ: 'at+jwt' }

function encode(value: string | Uint8Array): string {
  return Buffer.from(value).toString('base64url')
}

/** A token with this header; payload and signature are well-formed but meaningless. */
function tokenOf(header: object | string): string {
  const text = typeof header === 'string' ? header : JSON.stringify(header)
  return `${encode(text)}.${encode('{}')}.${encode('signature')}`
}

function read(token: string, algorithms: readonly SigningAlgorithm[] = SIGNING_ALGORITHMS) {
  return readAccessTokenHeader(token, algorithms)
}

function assertMalformed(token: string, detail: string): void {
  assert.throws(() => read(token), {
    error: 'invalid_token',
    error_description: 'The access token is malformed',
    status: 401,
    reason: { kind: 'malformed_token', detail },
  })
}

describe('readAccessTokenHeader', () => {
  for (const alg of SIGNING_ALGORITHMS) {
    it(`reads alg ${alg} and kid`, () => {
      assert.deepEqual(read(tokenOf({ ...HEADER, alg })), { alg, kid: 'k1' })
    })
  }

  for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt']) {
    it(`takes typ ${typ}`, () => assert.equal(read(tokenOf({ ...HEADER, typ })).kid, 'k1'))
  }

  it('ignores an unknown header member', () => {
    assert.equal(read(tokenOf({ ...HEADER, x: 1, cty: 'y' })).kid, 'k1')
  })

  const algorithms = [
    'none',
    'None',
    'nOnE',
    '',
    'HS256',
    'HS512',
    'RS1',
    'RS512',
    'PS512',
    'ES384',
  ]
  for (const alg of [...algorithms, 'rs256', 'RS256 ', 'toString', null, 0, true, ['RS256'], {}]) {
    it(`refuses alg ${JSON.stringify(alg)}`, () => {
      assertMalformed(tokenOf({ ...HEADER, alg }), 'algorithm not allowed')
    })
  }

  it('refuses a header without alg', () => {
    assertMalformed(tokenOf({ kid: 'k1', typ: 'at+jwt' }), 'algorithm not allowed')
  })

  it('refuses an algorithm of ours that the caller does not accept', () => {
    assert.throws(() => read(tokenOf(HEADER), ['ES256', 'EdDSA']), {
      reason: { kind: 'malformed_token', detail: 'algorithm not allowed' },
    })
  })

  const types = ['JWT', 'jwt', 'logout+jwt', 'at+jwt;v=1', ' at+jwt', 'text/at+jwt', '', null, 1]
  for (const typ of [...types, ['at+jwt'], undefined]) {
    it(`refuses typ ${JSON.stringify(typ)}: an ID token is not an access token`, () => {
      const text = typeof (typ ?? '') === 'string'
      const detail = text ? 'typ is not at+jwt' : 'typ is not a string'
      assertMalformed(tokenOf({ ...HEADER, typ }), detail)
    })
  }

  for (const kid of [undefined, '', null, 7, ['k1'], { kid: 'k1' }, 'k'.repeat(256)]) {
    it(`refuses kid ${JSON.stringify(kid)?.slice(0, 20)}`, () => {
      const detail = (kid ?? null) === null ? 'no kid' : 'kid is not a short string'
      assertMalformed(tokenOf({ ...HEADER, kid }), detail)
    })
  }

  it('accepts a kid of 255 characters', () => {
    assert.equal(read(tokenOf({ ...HEADER, kid: 'k'.repeat(255) })).kid.length, 255)
  })

  const members = {
    jwk: { kty: 'oct', k: 'AAAA' },
    jku: 'https://evil.example/jwks',
    x5u: 'https://evil.example/cert',
    x5c: ['MIIB'],
    crit: ['exp'],
    b64: false,
    enc: 'A128GCM',
    zip: 'DEF',
  }
  for (const [name, value] of Object.entries(members)) {
    it(`refuses a header with ${name}, even one that is null`, () => {
      assertMalformed(tokenOf({ ...HEADER, [name]: value }), 'header member not allowed')
      assertMalformed(tokenOf({ ...HEADER, [name]: null }), 'header member not allowed')
    })
  }

  it('does not read members from __proto__', () => {
    const text = '{"__proto__":{"alg":"RS256","kid":"k1","typ":"at+jwt"}}'
    assertMalformed(tokenOf(text), 'algorithm not allowed')
  })
})

describe('the form of a token', () => {
  const [head, payload, signature] = tokenOf(HEADER).split('.') as [string, string, string]

  const segments: readonly (readonly [why: string, token: string])[] = [
    ['nothing', ''],
    ['one segment', head],
    ['two segments', `${head}.${payload}`],
    ['four segments', `${head}.${payload}.${signature}.${signature}`],
    ['the five segments of an encrypted token', `${head}.a.b.c.d`],
    ['a dot at the end', `${head}.${payload}.${signature}.`],
  ]
  for (const [why, token] of segments) {
    it(`refuses ${why}`, () => assertMalformed(token, 'not three segments'))
  }

  const spelling: readonly (readonly [why: string, token: string])[] = [
    ['an empty header', `.${payload}.${signature}`],
    ['an empty payload', `${head}..${signature}`],
    ['an empty signature', `${head}.${payload}.`],
    ['padding', `${head}.${encode('{ }!')}==.${signature}`],
    ['plain base64', `${head}.${payload}.ab+/`],
    ['a line break', `${head}.${payload}.${signature}\n`],
    ['a space', `${head} .${payload}.${signature}`],
  ]
  for (const [why, token] of spelling) {
    it(`refuses ${why}`, () => assertMalformed(token, 'not canonical base64url'))
  }

  it('refuses a segment with any of its unused trailing bits flipped', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const unevenBytes = fc
      .uint8Array({ minLength: 1, maxLength: 40 })
      .filter((b) => b.length % 3 > 0)
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 2), unevenBytes, fc.nat(14), (index, bytes, flip) => {
        // Two unused bits after a third byte short of a group, four after the second.
        const unused = bytes.length % 3 === 1 ? 0b1111 : 0b11
        const good = encode(bytes)
        const last = alphabet.indexOf(good.at(-1) as string)
        const other = good.slice(0, -1) + alphabet[last ^ ((flip % unused) + 1)]
        assert.deepEqual(Buffer.from(other, 'base64url'), Buffer.from(bytes), 'same bytes to Node')
        const parts = [head, payload, signature].with(index, other)
        assertMalformed(parts.join('.'), 'not canonical base64url')
      }),
    )
  })

  it('accepts a token of 8192 characters and refuses one more', () => {
    const start = `${head}.${payload}.`
    const room = 8192 - start.length
    const longest = start + 'A'.repeat(room - (room % 4))
    assert.ok(longest.length > 8188)
    assert.equal(read(longest).kid, 'k1')
    assertMalformed(`${longest}AAAA`, 'too long')
  })

  it('refuses a token that is far too long before looking inside', () => {
    assertMalformed('.'.repeat(8193), 'too long')
  })

  const headers: readonly (readonly [why: string, header: string | Uint8Array])[] = [
    ['alg twice', '{"alg":"none","alg":"RS256","kid":"k1","typ":"at+jwt"}'],
    ['alg twice, escaped', '{"\\u0061lg":"none","alg":"RS256","kid":"k1","typ":"at+jwt"}'],
    ['kid twice', '{"alg":"RS256","kid":"k2","typ":"at+jwt","kid":"k1"}'],
    [
      'a repeated member deeper down',
      '{"alg":"RS256","kid":"k1","typ":"at+jwt","a":[{"b":1,"b":2}]}',
    ],
    ['an array', '["RS256"]'],
    ['null', 'null'],
    ['a string', '"RS256"'],
    ['text that is not JSON', 'alg=RS256'],
    ['something after the object', `${JSON.stringify(HEADER)}x`],
    ['a byte order mark', `\ufeff${JSON.stringify(HEADER)}`],
    ['bytes that are not UTF-8', Buffer.from(JSON.stringify({ ...HEADER, x: 'é' }), 'latin1')],
  ]
  for (const [why, header] of headers) {
    it(`refuses a header that holds ${why}`, () => {
      const token = `${encode(header)}.${payload}.${signature}`
      assertMalformed(token, 'header is not a JSON object without repeated members')
    })
  }

  it('answers a header nested as deep as a token allows like any other', () => {
    const deep = `{"typ":"JWT","alg":"RS256","a":${'['.repeat(2900)}${']'.repeat(2900)}}`
    assert.throws(() => read(`${encode(deep)}.${payload}.${signature}`), {
      error: 'invalid_token',
      status: 401,
    })
  })
})
