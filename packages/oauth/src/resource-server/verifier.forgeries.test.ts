import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CompactSign, exportSPKI, generateKeyPair } from 'jose'
import { SIGNING_ALGORITHMS } from '../protocol/index.ts'
import type { AccessTokenHeader } from './compact-token.ts'
import { findVerificationKey } from './json-web-key-set.ts'
import { CLAIMS, keys, setUp, sign } from './verifier.fixture.ts'

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function assertRefused(answer: Promise<unknown>, reason: object): Promise<void> {
  return assert.rejects(answer, { error: 'invalid_token', status: 401, reason })
}

describe('a forged token', () => {
  it('with alg none is refused, with a signature and without', async () => {
    const start = `${encode({ alg: 'none', kid: 'RS256', typ: 'at+jwt' })}.${encode(CLAIMS)}`
    const { verify, finds } = setUp()
    await assert.rejects(verify(`${start}.`), {
      reason: { kind: 'malformed_token', detail: 'not canonical base64url' },
    })
    await assert.rejects(verify(`${start}.AAAA`), {
      reason: { kind: 'malformed_token', detail: 'algorithm not allowed' },
    })
    assert.equal(finds.length, 0)
  })

  it('with HS256 keyed with a public key, in any of its spellings, is refused', async () => {
    const spki = await exportSPKI(keys.RS256.publicKey)
    const der = Buffer.from(spki.replace(/-----[^-]+-----|\s/g, ''), 'base64')
    const { n } = keys.RS256.public_jwk
    for (const secret of [spki, spki.trim(), der, JSON.stringify(keys.RS256.public_jwk), n ?? '']) {
      const start = `${encode({ alg: 'HS256', kid: 'RS256', typ: 'at+jwt' })}.${encode(CLAIMS)}`
      const mac = createHmac('sha256', secret).update(start).digest('base64url')
      const detail = 'algorithm not allowed'
      await assertRefused(setUp().verify(`${start}.${mac}`), { kind: 'malformed_token', detail })
    }
  })

  it('signed with another key under our kid is refused', async () => {
    for (const alg of SIGNING_ALGORITHMS) {
      const stranger = await generateKeyPair(alg)
      const token = await new CompactSign(Buffer.from(JSON.stringify(CLAIMS)))
        .setProtectedHeader({ alg, kid: alg, typ: 'at+jwt' })
        .sign(stranger.privateKey)
      await assertRefused(setUp().verify(token), { kind: 'bad_signature' })
    }
  })

  it('that uses the RS256 key with PS256, or the other way, finds no key', async () => {
    for (const [alg, kid] of [
      ['PS256', 'RS256'],
      ['RS256', 'PS256'],
      ['ES256', 'EdDSA'],
    ] as const) {
      await assertRefused(setUp().verify(await sign(CLAIMS, alg, { kid })), { kind: 'unknown_key' })
    }
  })

  it('whose PS256 signature is called RS256 is refused, also where the key names no alg', async () => {
    const { alg: _, ...anyRsa } = keys.PS256.public_jwk
    const find = (header: AccessTokenHeader) => findVerificationKey({ keys: [anyRsa] }, header)
    const { verify } = setUp({ keys: { find } })
    const [, payload, signature] = (await sign(CLAIMS, 'PS256')).split('.')
    const head = encode({ alg: 'RS256', kid: 'PS256', typ: 'at+jwt' })
    await assertRefused(verify(`${head}.${payload}.${signature}`), { kind: 'bad_signature' })
  })

  it('with an algorithm this API does not accept is refused before a key is looked up', async () => {
    const { verify, finds } = setUp({ algorithms: ['EdDSA'] })
    const detail = 'algorithm not allowed'
    await assertRefused(verify(await sign(CLAIMS, 'RS256')), { kind: 'malformed_token', detail })
    assert.equal(finds.length, 0)
    assert.deepEqual(await verify(await sign(CLAIMS, 'EdDSA')), CLAIMS)
  })

  for (const alg of SIGNING_ALGORITHMS) {
    it(`with any bit of its ${alg} signature or payload flipped is refused`, async () => {
      const parts = (await sign(CLAIMS, alg)).split('.')
      const { verify } = setUp()
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(1, 2), fc.nat(), async (index, position) => {
          const bytes = Buffer.from(parts[index] as string, 'base64url')
          const bit = position % (bytes.length * 8)
          bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
          const token = parts.with(index, bytes.toString('base64url')).join('.')
          await assertRefused(verify(token), { kind: 'bad_signature' })
        }),
        { numRuns: 40 },
      )
    })
  }

  it('with another token’s signature is refused', async () => {
    const [head, payload] = (await sign({ ...CLAIMS, client_id: 'admin' })).split('.')
    const [, , signature] = (await sign(CLAIMS)).split('.')
    const token = `${head}.${payload}.${signature}`
    await assertRefused(setUp().verify(token), { kind: 'bad_signature' })
  })

  it('has its claims read only after its signature is good', async () => {
    const [head] = (await sign(CLAIMS)).split('.')
    const expired = encode({ ...CLAIMS, exp: 1 })
    await assertRefused(setUp().verify(`${head}.${expired}.AAAA`), { kind: 'bad_signature' })
  })
})
