import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compactVerify, importJWK } from 'jose'
import { deriveInstallationKeys } from '../keys/sealing.ts'
import { GENESIS_HASH } from '../records/audit-entry.ts'
import { CheckpointRefused, createCheckpointSigner } from './checkpoint.ts'

const ISSUER = 'https://auth.example'
const signerOf = (byte: number) =>
  createCheckpointSigner(deriveInstallationKeys(new Uint8Array(32).fill(byte)).checkpoint, ISSUER)
const signer = await signerOf(1)
const PLACE = { at: '2026-01-02T03:04:05.678Z', seq: 7, hash: GENESIS_HASH, first_seq: 1 }

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('a checkpoint', () => {
  it('holds what was signed', async () => {
    const { checkpoint, kid, ...claims } = await signer.sign('head', PLACE)
    assert.deepEqual(claims, { iss: ISSUER, ...PLACE })
    assert.equal(kid, signer.kid)
    assert.deepEqual(await signer.verify('head', checkpoint), claims)
    assert.ok(checkpoint.length < 600, `${checkpoint.length}`)
  })

  it('can be verified by an outsider with the public key and no secret', async () => {
    const { checkpoint } = await signer.sign('head', PLACE)
    assert.deepEqual(Object.keys(signer.publicKey).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x'])
    const key = await importJWK(signer.publicKey, 'EdDSA')
    const { payload } = await compactVerify(checkpoint, key)
    assert.deepEqual(JSON.parse(new TextDecoder().decode(payload)), { iss: ISSUER, ...PLACE })
  })

  it('is signed with a key that depends only on the encryption key', async () => {
    assert.equal(signer.kid, 'SfQY4HCzOLd0ktzhN2Lcd9TOXNKfffJj_88p5DouKHA')
    assert.equal((await signerOf(1)).kid, signer.kid)
    assert.notEqual((await signerOf(2)).kid, signer.kid)
  })

  it('is refused with a message that says what is wrong with it', async () => {
    const { checkpoint } = await signer.sign('head', PLACE)
    const [header, payload, signature] = checkpoint.split('.') as [string, string, string]
    const claims = { iss: ISSUER, ...PLACE }
    const named = { alg: 'EdDSA', typ: 'modulariot-audit-checkpoint', kid: signer.kid }
    const theirs = await (await signerOf(2)).sign('head', PLACE)
    const [theirHeader, , theirSignature] = theirs.checkpoint.split('.')
    assert.equal(header, part(named))
    const bad: [string, RegExp][] = [
      ['', /^is not a JWS/],
      ['a.b', /^is not a JWS/],
      ['a.b.c', /^is not a JWS/],
      [`${checkpoint}x`.repeat(20), /^is not a JWS/],
      [`${header}.${part({ ...claims, seq: -1 })}.${signature}`, /^is not a JWS/],
      [`${header}.${part({ ...claims, hash: 'x' })}.${signature}`, /^is not a JWS/],
      [`${header}.${part(null)}.${signature}`, /^is not a JWS/],
      [`${part({ ...named, typ: 'JWT' })}.${payload}.${signature}`, /^is not a JWS/],
      [(await signer.sign('base', PLACE)).checkpoint, /^is not a JWS/],
      [`${header}.${part({ ...claims, seq: 8 })}.${signature}`, /^was altered/],
      [`${header}.${payload}.${theirSignature}`, /^was altered/],
      [`${part({ ...named, alg: 'none' })}.${payload}.${signature}`, /^was altered/],
      [`${part({ ...named, alg: 'HS256' })}.${payload}.${signature}`, /^was altered/],
      [
        theirs.checkpoint,
        new RegExp(`^comes from another installation: ${ISSUER}, key ${theirs.kid};`),
      ],
      [`${theirHeader}.${payload}.${signature}`, /^comes from another installation/],
    ]
    for (const [text, why] of bad) {
      await assert.rejects(signer.verify('head', text), (error) => {
        assert.ok(error instanceof CheckpointRefused, text)
        assert.match(error.message, why, text)
        return true
      })
    }
  })
})
