import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compactVerify, createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet } from 'jose'
import type { SealedKey } from '../records/sealed-key.ts'
import type { SigningKeyStore } from '../store/ports/signing-keys.ts'
import { onlyEncryptionKey } from '../testing/sample-keys.ts'
import { sampleMultiBuffer } from '../testing/sample-multi-buffer.ts'
import { DEFAULT_KEY_POLICY } from './key-life.ts'
import { KeyRing } from './key-ring.ts'
import { EightSigner } from './multi-buffer/eight-signer.ts'

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5)

async function setUp() {
  const library = sampleMultiBuffer()
  const faults: string[] = []
  const clock = { now: NOW }
  let keys: readonly SealedKey[] = []
  const store: Pick<SigningKeyStore, 'listSigningKeys' | 'updateSigningKeys'> = {
    listSigningKeys: async () => keys,
    async updateSigningKeys(update) {
      keys = update(keys, { lastSeq: 0, instances: [] })?.keys ?? keys
      return keys
    },
  }
  const eightSigner = new EightSigner(library, { onFault: (fault) => faults.push(fault) })
  const ring = new KeyRing({
    ...{ store, eightSigner, policy: DEFAULT_KEY_POLICY },
    encryptionKeys: onlyEncryptionKey(new Uint8Array(32).fill(1)),
    now: () => clock.now,
  })
  await ring.load(['RS256', 'PS256', 'ES256'])
  return { ring, library, eightSigner, faults, clock }
}

/** Tokens of logins that arrive together, each of which verifies. */
async function signMany(ring: KeyRing, count: number, alg: 'RS256' | 'PS256' | 'ES256' = 'RS256') {
  const payloads = Array.from({ length: count }, (_, index) => JSON.stringify({ index }))
  const tokens = await Promise.all(payloads.map((payload) => ring.sign(alg, payload)))
  const keys = createLocalJWKSet(ring.publicKeys() as JSONWebKeySet)
  for (const [index, token] of tokens.entries()) {
    const { payload } = await compactVerify(token, keys)
    assert.equal(new TextDecoder().decode(payload), payloads[index])
  }
  return tokens
}

describe('a key ring with a library for RS256', () => {
  it('signs eight at a time with RS256, and with nothing else', async () => {
    const { ring, library, eightSigner } = await setUp()
    await signMany(ring, 20, 'PS256')
    await signMany(ring, 20, 'ES256')
    assert.equal(library.loaded.size, 0)
    await signMany(ring, 20)
    assert.deepEqual([library.loaded.size, eightSigner.signed], [1, 20])
    await signMany(ring, 2)
    assert.equal(eightSigner.signed, 20)
  })

  it('signs without it after a fault', async () => {
    const { ring, library, eightSigner, faults } = await setUp()
    await signMany(ring, 4)
    library.fault = 'wrong signature'
    await signMany(ring, 20)
    await signMany(ring, 20)
    assert.deepEqual(faults, ['a signature does not verify'])
    assert.deepEqual([library.loaded.size, eightSigner.signed], [0, 4])
  })

  it('wipes a key there once it no longer signs, though it still verifies', async () => {
    const { ring, library, clock } = await setUp()
    const [before] = await signMany(ring, 8)
    await ring.maintain(['RS256'])
    assert.deepEqual([library.loaded.size, library.wipes], [1, 0])
    clock.now += (DEFAULT_KEY_POLICY.rotateAfterMs ?? 0) + DEFAULT_KEY_POLICY.publishMs
    await ring.maintain(['RS256'])
    clock.now += DEFAULT_KEY_POLICY.publishMs
    await ring.maintain(['RS256'])
    assert.deepEqual([library.loaded.size, library.wipes], [0, 1])
    const [after] = await signMany(ring, 8)
    assert.equal(library.loaded.size, 1)
    const kids = [before, after].map((token) => decodeProtectedHeader(token as string).kid)
    assert.notEqual(kids[0], kids[1])
    assert.ok(ring.publicKeys().keys.some(({ kid }) => kid === kids[0]))
  })
})
