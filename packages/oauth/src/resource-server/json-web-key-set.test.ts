import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from '../protocol/index.ts'
import { findVerificationKey, parseJsonWebKeySet } from './json-web-key-set.ts'

const pairs = {} as Record<SigningAlgorithm, { public_jwk: JWK; private_jwk: JWK }>

before(async () => {
  for (const alg of SIGNING_ALGORITHMS) {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
    pairs[alg] = {
      public_jwk: { ...(await exportJWK(publicKey)), kid: 'k1' },
      private_jwk: { ...(await exportJWK(privateKey)), kid: 'k1' },
    }
  }
})

/** The key found for `alg` and `k1` in a set of the published key with these changes. */
function findIn(alg: SigningAlgorithm, changes: Record<string, unknown>) {
  return findVerificationKey(
    { keys: [{ ...pairs[alg].public_jwk, ...changes }] },
    { alg, kid: 'k1' },
  )
}

describe('parseJsonWebKeySet', () => {
  const parse = (value: unknown) => parseJsonWebKeySet(JSON.stringify(value))
  const good = { kty: 'RSA', kid: 'k1' }

  it('keeps the keys, and skips entries that are not objects', () => {
    const value = { keys: [good, null, 'key', 7, { kty: 'EC' }], more: true }
    assert.deepEqual(parse(value), { keys: [good, { kty: 'EC' }] })
  })

  const useless = [
    { kty: 'RSA' },
    { kty: 'oct', kid: 'k1' },
    { ...good, use: 'enc' },
    { ...good, d: 'x' },
  ]
  for (const keys of [[], [null], ...useless.map((key) => [key])]) {
    it(`refuses a set without a usable key: ${JSON.stringify(keys)}`, () => {
      assert.throws(() => parse({ keys }), /without a usable key/)
    })
  }

  it('refuses a document that names a member twice', () => {
    const text = `{"keys":[],"keys":[${JSON.stringify(good)}]}`
    assert.throws(() => parseJsonWebKeySet(text), /not a JWK Set/)
    const key = '{"kty":"RSA","kid":"k0","kid":"k1"}'
    assert.throws(() => parseJsonWebKeySet(`{"keys":[${key}]}`), /not a JWK Set/)
  })

  for (const value of [null, 'keys', 7, [], {}, { keys: null }, { keys: {} }, { keys: 'a' }]) {
    it(`refuses ${JSON.stringify(value)}`, () => {
      assert.throws(() => parse(value), /not a JWK Set/)
    })
  }
})

describe('findVerificationKey', () => {
  for (const alg of SIGNING_ALGORITHMS) {
    it(`finds a key for ${alg} that can verify and cannot be exported as a secret`, async () => {
      for (const changes of [{}, { alg, use: 'sig', key_ops: ['verify'] }]) {
        const key = await findIn(alg, changes)
        assert.equal(key?.type, 'public')
        assert.deepEqual(key.usages, ['verify'])
      }
    })

    it(`skips a private key published for ${alg}`, async () => {
      const keys = [pairs[alg].private_jwk]
      assert.equal(await findVerificationKey({ keys }, { alg, kid: 'k1' }), null)
    })

    const unfit: readonly (readonly [why: string, changes: Record<string, unknown>])[] = [
      ['another kid', { kid: 'k2' }],
      ['a kid in another case', { kid: 'K1' }],
      ['no kid', { kid: undefined }],
      ['use enc', { use: 'enc' }],
      ['an unknown use', { use: 'SIG' }],
      ['alg HS256', { alg: 'HS256' }],
      ['the alg of the other RSA scheme or curve', { alg: alg === 'RS256' ? 'PS256' : 'RS256' }],
      ['key_ops without verify', { key_ops: ['encrypt'] }],
      ['empty key_ops', { key_ops: [] }],
      ['key_ops that is null', { key_ops: null }],
      ['kty oct', { kty: 'oct', k: 'AAAA' }],
      ['the kty of another algorithm', { kty: alg === 'ES256' ? 'OKP' : 'EC' }],
      ['no kty', { kty: undefined }],
    ]
    for (const [why, changes] of unfit) {
      if (changes.alg === alg) continue
      it(`skips a key for ${alg} with ${why}`, async () => {
        assert.equal(await findIn(alg, changes), null)
      })
    }
  }

  it('skips a curve that is not the one of the algorithm', async () => {
    assert.equal(await findIn('ES256', { crv: 'P-384' }), null)
    assert.equal(await findIn('ES256', { crv: 'secp256k1' }), null)
    assert.equal(await findIn('ES256', { crv: undefined }), null)
    assert.equal(await findIn('EdDSA', { crv: 'X25519' }), null)
    assert.equal(await findIn('EdDSA', { crv: 'Ed448' }), null)
  })

  const broken: readonly (readonly [why: string, alg: SigningAlgorithm, changes: object])[] = [
    ['a point that is not on the curve', 'ES256', { x: 'AAAA', y: 'AAAA' }],
    ['no modulus', 'RS256', { n: undefined }],
    ['no exponent', 'RS256', { e: undefined }],
    ['a key that is too short', 'EdDSA', { x: 'AAAA' }],
    ['operations a public key does not have', 'RS256', { key_ops: ['verify', 'sign'] }],
  ]
  for (const [why, alg, changes] of broken) {
    it(`skips a key with ${why} instead of failing`, async () => {
      assert.equal(await findIn(alg, { ...changes }), null)
    })
  }

  it('finds the fitting one among keys that share a kid, in whatever order', async () => {
    const { RS256, ES256, EdDSA } = pairs
    const keys = [
      { ...RS256.public_jwk, use: 'enc' },
      { ...EdDSA.public_jwk, crv: 'X25519' },
      { ...ES256.public_jwk, crv: 'P-384' },
      ES256.public_jwk,
      EdDSA.public_jwk,
      RS256.public_jwk,
    ]
    for (const alg of SIGNING_ALGORITHMS) {
      for (const set of [{ keys }, { keys: keys.toReversed() }]) {
        assert.notEqual(await findVerificationKey(set, { alg, kid: 'k1' }), null, alg)
      }
    }
  })

  it('finds nothing in an empty set', async () => {
    assert.equal(await findVerificationKey({ keys: [] }, { alg: 'RS256', kid: 'k1' }), null)
  })
})
