import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, it } from 'node:test'
import type { PrivateNumbers } from './multi-buffer.ts'
import { withPrivateNumbers } from './private-numbers.ts'

const rsa = (modulusLength: number, publicExponent = 65_537): KeyObject =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent }).privateKey

describe('withPrivateNumbers', () => {
  it('finds the numbers that the JWK has, and overwrites them after', () => {
    // Some keys have numbers that need a leading zero to stay positive, or are a byte shorter.
    for (let round = 0; round < 8; round++) {
      const key = rsa(2048)
      const { n, p, q, dp, dq, qi } = key.export({ format: 'jwk' })
      let kept: PrivateNumbers | null = null
      const found = withPrivateNumbers(key, (numbers) => {
        kept = numbers
        return Object.entries(numbers).map(([name, bytes]) => [name, bytes.toString('base64url')])
      })
      assert.deepEqual(Object.fromEntries(found ?? []), { n, p, q, dp, dq, qInv: qi })
      const bytes = Buffer.concat(Object.values(kept ?? {}))
      assert.ok(bytes.length > 850)
      assert.ok(bytes.every((byte) => byte === 0))
    }
  })

  it('takes no other key', () => {
    const others = [
      rsa(3072),
      rsa(2048, 3),
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
      generateKeyPairSync('ed25519').privateKey,
      generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey,
    ]
    for (const key of others)
      assert.equal(
        withPrivateNumbers(key, () => assert.fail()),
        null,
      )
  })
})
