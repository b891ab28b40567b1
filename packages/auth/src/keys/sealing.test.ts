import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CompactEncrypt } from 'jose'
import { SealBroken } from '../errors/seal-broken.ts'
import { deriveInstallationKeys, seal, unseal } from './sealing.ts'

const KEY = new Uint8Array(32).fill(1)
const OTHER_KEY = new Uint8Array(32).fill(2)
const JWK = { kty: 'OKP', crv: 'Ed25519', x: 'public', d: 'private' }

function assertBroken(promise: Promise<unknown>): Promise<void> {
  return assert.rejects(promise, (error) => {
    assert.ok(error instanceof SealBroken)
    assert.match(error.message, /kid-1 .*MIOT_ENCRYPTION_KEY/)
    return true
  })
}

describe('a seal', () => {
  it('opens to what was sealed', async () => {
    assert.deepEqual(await unseal(await seal(JWK, 'kid-1', KEY), 'kid-1', KEY), JWK)
  })

  it('reveals nothing of what was sealed, and differs each time', async () => {
    const [one, two] = [await seal(JWK, 'kid-1', KEY), await seal(JWK, 'kid-1', KEY)]
    assert.notEqual(one, two)
    const visible = one.split('.').map((part) => Buffer.from(part, 'base64url').toString())
    assert.ok(!visible.join('').includes('private'))
  })

  it('does not open with another key', async () => {
    await assertBroken(unseal(await seal(JWK, 'kid-1', KEY), 'kid-1', OTHER_KEY))
  })

  it('does not open as another signing key', async () => {
    await assertBroken(unseal(await seal(JWK, 'kid-2', KEY), 'kid-1', KEY))
  })

  it('does not open when any part of it was altered', async () => {
    const parts = (await seal(JWK, 'kid-1', KEY)).split('.')
    for (const [index, part] of parts.entries()) {
      const flipped = (part.startsWith('A') ? 'B' : 'A') + part.slice(1)
      const altered = parts.with(index, flipped).join('.')
      await assertBroken(unseal(altered, 'kid-1', KEY))
    }
    for (const text of ['', 'x', '....', parts.slice(0, 4).join('.')]) {
      await assertBroken(unseal(text, 'kid-1', KEY))
    }
  })

  it('does not open when it was made with another algorithm', async () => {
    const plaintext = new TextEncoder().encode(JSON.stringify(JWK))
    const made = await new CompactEncrypt(plaintext)
      .setProtectedHeader({ alg: 'A256GCMKW', enc: 'A256GCM', kid: 'kid-1' })
      .encrypt(KEY)
    await assertBroken(unseal(made, 'kid-1', KEY))
  })
})

describe('the keys of an installation', () => {
  it('are six of 256 bits, different from each other and from the encryption key', () => {
    const keys = Object.values(deriveInstallationKeys(KEY)) as Uint8Array[]
    const texts = [KEY, ...keys].map((key) => Buffer.from(key).toString('hex'))
    assert.deepEqual(
      texts.map(({ length }) => length),
      [64, 64, 64, 64, 64, 64, 64],
    )
    assert.equal(new Set(texts).size, 7)
  })

  it('depend only on the encryption key, or every stored secret and signing key would be lost', () => {
    const { sealing, secretDigest, checkpoint } = deriveInstallationKeys(KEY)
    assert.equal(
      Buffer.from(sealing).toString('hex'),
      '77e850ef4bfb2af1472fbeaf5891bafe73712b068c28dc79e26e31b43a49e0df',
    )
    assert.equal(
      Buffer.from(secretDigest).toString('hex'),
      '30cabfdc8712f09e37b360ea01be77d53658d9c70c2877cae3ae4c99fd22563e',
    )
    assert.equal(
      Buffer.from(checkpoint).toString('hex'),
      'f8fcdb0dc91890e0757d1c30d8563069435ae10b3672b9ad393619777018c5a3',
    )
  })

  it('differ for another encryption key', () => {
    const [one, two] = [deriveInstallationKeys(KEY), deriveInstallationKeys(OTHER_KEY)]
    assert.notDeepEqual(one.sealing, two.sealing)
    assert.notDeepEqual(one.secretDigest, two.secretDigest)
  })
})
