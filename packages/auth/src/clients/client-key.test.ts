import assert from 'node:assert/strict'
import {
  createPublicKey,
  generateKeyPairSync,
  generatePrimeSync,
  type KeyObject,
  verify,
} from 'node:crypto'
import { describe, it } from 'node:test'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { AdminError } from '../errors/admin-error.ts'
import { nextPrime, rocaModulus, rsaJwk } from '../testing/sample-weak-keys.ts'
import { clientKeysOf } from './client-key.ts'

const NOW = Date.parse('2026-05-01T12:00:00Z')
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed25519 = generateKeyPairSync('ed25519')

const jwkOf = (key: KeyObject): JWK => key.export({ format: 'jwk' }) as JWK
const read = (...keys: unknown[]) => clientKeysOf({ keys }, [], NOW)

function complaint(jwks: unknown): string {
  try {
    clientKeysOf(jwks, [], NOW)
  } catch (error) {
    assert.ok(error instanceof AdminError, String(error))
    return error.message
  }
  throw new Error('was not refused')
}

describe('client keys', () => {
  it('keeps only the members of a JWK that make up the key', () => {
    const jwk = jwkOf(ec.publicKey)
    const [key] = read({ ...jwk, kid: 'one', use: 'sig', key_ops: ['verify'], x5u: 'https://e.x' })
    assert.deepEqual(key, { kid: 'one', alg: 'ES256', jwk, created_at: '2026-05-01T12:00:00.000Z' })
  })

  it('uses the thumbprint as kid for a key without one (RFC 7638)', async () => {
    const jwks = [rsa, ec, ed25519].map(({ publicKey }) => jwkOf(publicKey))
    const kids = read(...jwks).map(({ kid }) => kid)
    assert.deepEqual(kids, await Promise.all(jwks.map((jwk) => calculateJwkThumbprint(jwk))))
  })

  for (const [what, pair, alg, kept] of [
    ['RSA without alg', rsa, undefined, 'RS256'],
    ['RSA for PS256', rsa, 'PS256', 'PS256'],
    ['EC', ec, undefined, 'ES256'],
    ['OKP', ed25519, undefined, 'EdDSA'],
    ['OKP by the name of RFC 9864', ed25519, 'Ed25519', 'EdDSA'],
  ] as const) {
    it(`takes ${what} as ${kept}`, () => {
      const jwk = jwkOf(pair.publicKey)
      assert.equal(read(alg === undefined ? jwk : { ...jwk, alg })[0]?.alg, kept)
    })
  }

  for (const [what, pair] of Object.entries({ RSA: rsa, EC: ec, OKP: ed25519 })) {
    it(`refuses a private ${what} key, and says that it is exposed now`, () => {
      const message = complaint({ keys: [{ ...jwkOf(pair.privateKey), kid: 'mine' }] })
      assert.match(message, /^the key mine holds private members \(d\).*of a new pair/)
    })
  }

  it('refuses a shared secret', () => {
    assert.match(complaint({ keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }), /private members \(k\)/)
  })

  const { n } = jwkOf(rsa.publicKey)
  const weak = jwkOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)
  const p384 = jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey)
  for (const [what, jwk, message] of [
    ['RSA below 2048 bits', weak, /has 1024 bits/],
    [
      'RSA above 8192 bits',
      { kty: 'RSA', e: 'AQAB', n: 'x'.repeat(1400) },
      /8400 bits|8398 bits|bits; RSA/,
    ],
    ['an exponent of 1, which makes forging trivial', { kty: 'RSA', e: 'AQ', n }, /exponent|valid/],
    ['another curve', p384, /EC P-256 for ES256/],
    ['an algorithm of another type', { ...jwkOf(ec.publicKey), alg: 'RS256' }, /must be RSA/],
    ['HS256 over a public key', { ...jwkOf(rsa.publicKey), alg: 'HS256' }, /must be RSA/],
    ['a key for encryption', { ...jwkOf(rsa.publicKey), use: 'enc' }, /must be a signing key/],
    [
      'a key that may not verify',
      { ...jwkOf(ec.publicKey), key_ops: ['sign'] },
      /must be a signing key/,
    ],
    [
      'a point that is not on the curve',
      { ...jwkOf(ec.publicKey), x: 'AAAA' },
      /not a valid public key/,
    ],
    ['numbers for members', { kty: 'RSA', n: 1, e: 2 }, /not a valid public key/],
    ['an empty kid', { ...jwkOf(ec.publicKey), kid: '' }, /must have a kid/],
    [
      'a kid that steers a terminal',
      { ...jwkOf(ec.publicKey), kid: '\u001b[2J' },
      /^key 1 of jwks/,
    ],
    ['no JWK at all', 'key', /^key 1 of jwks is not a JWK/],
  ] as const) {
    it(`refuses ${what}`, () => assert.match(complaint({ keys: [jwk] }), message))
  }

  it('refuses an RSA key that can be factored, and says what to do', () => {
    const prime = generatePrimeSync(1024, { bigint: true })
    for (const [modulus, message] of [
      [
        rocaModulus(2048),
        /^the key w has the ROCA weakness \(CVE-2017-15361\); generate a new pair/,
      ],
      [prime * nextPrime(prime + 2n), /^the key w has two primes that are too close/],
      [prime * prime, /^the key w has two primes that are too close/],
      [prime * generatePrimeSync(1024, { bigint: true }) * 3n, /^the key w has a small prime/],
    ] as const) {
      assert.match(complaint({ keys: [{ ...rsaJwk(modulus), kid: 'w' }] }), message)
    }
  })

  it('need not refuse Ed25519 keys of small order, since their signatures never verify', () => {
    const identity = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)])
    const minusOne = Buffer.from(`ec${'ff'.repeat(30)}7f`, 'hex')
    for (const x of [identity, minusOne]) {
      const jwk = { kty: 'OKP', crv: 'Ed25519', x: x.toString('base64url') }
      const key = createPublicKey({ key: jwk, format: 'jwk' })
      for (const point of [identity, minusOne]) {
        const signature = Buffer.concat([point, Buffer.alloc(32)])
        for (let n = 0; n < 16; n++) {
          assert.equal(verify(null, Buffer.from(`message ${n}`), key, signature), false)
        }
      }
    }
  })

  for (const jwks of [null, [], 'x', {}, { keys: {} }, { kty: 'EC' }]) {
    it(`refuses ${JSON.stringify(jwks)} as a set`, () => {
      assert.equal(complaint(jwks), 'jwks must be a JWK Set: {"keys": [...]}')
    })
  }

  it('refuses two keys with the same kid, given or computed', () => {
    const jwk = jwkOf(ec.publicKey)
    const other = { ...jwkOf(rsa.publicKey), kid: 'one' }
    assert.match(complaint({ keys: [{ ...jwk, kid: 'one' }, other] }), /the key one twice/)
    assert.match(complaint({ keys: [jwk, jwk] }), /twice/)
  })

  it('refuses an eleventh key', () => {
    const keys = Array.from({ length: 11 }, (_, kid) => ({ ...jwkOf(ec.publicKey), kid: `${kid}` }))
    assert.equal(read(...keys.slice(1)).length, 10)
    assert.match(complaint({ keys }), /at most 10/)
  })

  it('keeps the date of a key that stays, but not of another key with its kid', () => {
    const current = clientKeysOf({ keys: [{ ...jwkOf(ec.publicKey), kid: 'a' }] }, [], NOW)
    const later = (pair: { publicKey: KeyObject }) =>
      clientKeysOf({ keys: [{ ...jwkOf(pair.publicKey), kid: 'a' }] }, current, NOW + 60_000)
    assert.equal(later(ec)[0]?.created_at, '2026-05-01T12:00:00.000Z')
    assert.equal(later(rsa)[0]?.created_at, '2026-05-01T12:01:00.000Z')
  })
})
