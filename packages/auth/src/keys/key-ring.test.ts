import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from '@modulariot/oauth/protocol'
import { compactVerify, createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet } from 'jose'
import { SealBroken } from '../errors/seal-broken.ts'
import type { SealedKey } from '../records/sealed-key.ts'
import type { SigningKeyStore } from '../store/ports/signing-keys.ts'
import { onlyEncryptionKey } from '../testing/sample-keys.ts'
import { DEFAULT_KEY_POLICY } from './key-life.ts'
import { KeyRing } from './key-ring.ts'
import { storedHeaders } from './stored-headers.ts'

const SEALING_KEY = new Uint8Array(32).fill(1)
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5)
const PAYLOAD = JSON.stringify({ sub: 'client_1', name: 'ünïcödé' })

/** A key store that several rings share, and its number of writes. */
function createKeyStore() {
  const kept = { keys: [] as readonly SealedKey[], writes: 0 }
  return {
    kept,
    async listSigningKeys() {
      return kept.keys
    },
    async updateSigningKeys(update: Parameters<SigningKeyStore['updateSigningKeys']>[0]) {
      const change = update(kept.keys, { lastSeq: 0, instances: [] })
      if (change !== null) kept.writes++
      kept.keys = change?.keys ?? kept.keys
      return kept.keys
    },
  }
}

type KeyStore = ReturnType<typeof createKeyStore>

const ringOn = (store: KeyStore, sealingKey = SEALING_KEY, now = () => NOW): KeyRing =>
  new KeyRing({
    store,
    encryptionKeys: onlyEncryptionKey(sealingKey),
    policy: DEFAULT_KEY_POLICY,
    now,
  })

async function loadedRing(store: KeyStore, ...algorithms: SigningAlgorithm[]): Promise<KeyRing> {
  const ring = ringOn(store)
  await ring.load(algorithms)
  return ring
}

const kidsOf = (ring: KeyRing): unknown[] => ring.publicKeys().keys.map(({ kid }) => kid)

/** Verifies a token with jose and the keys that the ring publishes. */
async function verifyWith(ring: KeyRing, token: string): Promise<string> {
  const keys = createLocalJWKSet(ring.publicKeys() as JSONWebKeySet)
  return new TextDecoder().decode((await compactVerify(token, keys)).payload)
}

describe('KeyRing', () => {
  for (const alg of SIGNING_ALGORITHMS) {
    it(`signs with ${alg} what its published key verifies`, async () => {
      const ring = await loadedRing(createKeyStore(), alg)
      const token = await ring.sign(alg, PAYLOAD)
      assert.equal(await verifyWith(ring, token), PAYLOAD)
      const [kid] = kidsOf(ring)
      assert.deepEqual(decodeProtectedHeader(token), { alg, kid, typ: 'at+jwt' })
      const plain = await ring.sign(alg, PAYLOAD, 'JWT')
      assert.deepEqual(decodeProtectedHeader(plain), { alg, kid, typ: 'JWT' })
      assert.equal(await verifyWith(ring, plain), PAYLOAD)
      const key = await ring.find({ alg, kid: kid as string })
      assert.ok(key)
      await compactVerify(token, key)
    })
  }

  it('publishes the public members of its keys and nothing else', async () => {
    const ring = await loadedRing(createKeyStore(), ...SIGNING_ALGORITHMS)
    const members = ring.publicKeys().keys.map((key) => [key.alg, Object.keys(key).sort()])
    assert.deepEqual(Object.fromEntries(members), {
      RS256: ['alg', 'e', 'kid', 'kty', 'n', 'use'],
      PS256: ['alg', 'e', 'kid', 'kty', 'n', 'use'],
      ES256: ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
      EdDSA: ['alg', 'crv', 'kid', 'kty', 'use', 'x'],
    })
  })

  it('publishes RSA keys first, however they were stored', async () => {
    const store = createKeyStore()
    await loadedRing(store, 'EdDSA', 'ES256')
    const ring = await loadedRing(store, 'EdDSA', 'ES256', 'RS256', 'PS256')
    const types = ring.publicKeys().keys.map(({ kty }) => kty)
    assert.deepEqual(types.slice(0, 2), ['RSA', 'RSA'])
    assert.ok(!types.slice(2).includes('RSA'))
    assert.equal(types.length, 4)
  })

  it('stores public halves and sealed private ones', async () => {
    const store = createKeyStore()
    await loadedRing(store, 'ES256')
    const [key, ...others] = store.kept.keys
    assert.deepEqual(others, [])
    assert.ok(key)
    assert.equal(key.created_at, '2026-01-02T03:04:05.000Z')
    assert.ok(!('d' in key.public_jwk))
    assert.equal(key.sealed.split('.').length, 5, 'a compact JWE')
  })

  it('keeps its key through further loads and restarts, without writes', async () => {
    const store = createKeyStore()
    const ring = await loadedRing(store, 'ES256')
    const before = kidsOf(ring)
    await ring.load(['ES256'])
    assert.deepEqual(kidsOf(ring), before)
    assert.deepEqual(kidsOf(await loadedRing(store, 'ES256')), before)
    assert.equal(store.kept.writes, 1)
  })

  it('does not touch the store when there is nothing to do', async () => {
    const store = createKeyStore()
    const ring = await loadedRing(store, 'ES256')
    await ring.maintain(['ES256'])
    store.updateSigningKeys = () => assert.fail('takes the lock for writing')
    await ring.load(['ES256'])
    await ring.maintain(['ES256'])
  })

  it('adds a key for an algorithm that comes later', async () => {
    const ring = await loadedRing(createKeyStore(), 'ES256')
    const old = await ring.sign('ES256', PAYLOAD)
    await assert.rejects(ring.sign('EdDSA', PAYLOAD), {
      error: 'temporarily_unavailable',
      status: 503,
    })
    await ring.load(['ES256', 'EdDSA'])
    assert.equal(await verifyWith(ring, await ring.sign('EdDSA', PAYLOAD)), PAYLOAD)
    assert.equal(await verifyWith(ring, old), PAYLOAD)
  })

  it('agrees on one key with another ring that starts on the same store at the same time', async () => {
    const store = createKeyStore()
    const rings = [ringOn(store), ringOn(store), ringOn(store)]
    await Promise.all(rings.map((ring) => ring.load(['ES256'])))
    assert.equal(store.kept.keys.length, 1)
    for (const ring of rings) {
      assert.deepEqual(kidsOf(ring), [store.kept.keys[0]?.kid])
      const token = await ring.sign('ES256', PAYLOAD)
      for (const other of rings) assert.equal(await verifyWith(other, token), PAYLOAD)
    }
  })

  it('makes one next key and one rotation, however many rings run at once', async () => {
    const store = createKeyStore()
    const clock = { now: NOW }
    const rings = Array.from({ length: 5 }, () => ringOn(store, SEALING_KEY, () => clock.now))
    for (const ring of rings) await ring.load(['ES256'])
    const together = () => Promise.all(rings.map((ring) => ring.maintain(['ES256'])))
    await together()
    assert.deepEqual([store.kept.keys.length, store.kept.writes], [2, 2])
    clock.now += DEFAULT_KEY_POLICY.rotateAfterMs ?? 0
    await together()
    assert.deepEqual([store.kept.keys.length, store.kept.writes], [3, 3])
    await together()
    assert.equal(store.kept.writes, 3)
  })

  it('names the header of its next token, as the stored keys do without it', async () => {
    const store = createKeyStore()
    let now = NOW
    const ring = ringOn(store, SEALING_KEY, () => now)
    await ring.load(['ES256', 'RS256'])
    const kids = new Set<string>()
    for (let round = 0; round < 12; round++) {
      await ring.maintain(['ES256', 'RS256'])
      const header = ring.headerOf('ES256', 'JWT')
      kids.add(header.kid)
      const token = await ring.sign('ES256', PAYLOAD, 'JWT')
      assert.deepEqual(header, decodeProtectedHeader(token))
      assert.deepEqual(storedHeaders(store.kept.keys, now).headerOf('ES256', 'JWT'), header)
      now += 30 * 86_400_000
    }
    assert.ok(kids.size > 1, 'a rotation')
    for (const headers of [ring, storedHeaders(store.kept.keys, now)]) {
      assert.throws(() => headers.headerOf('EdDSA', 'JWT'), { status: 503 })
    }
  })

  it('changes keys by the clock while the store is unavailable', async () => {
    const store = createKeyStore()
    const clock = { now: NOW }
    const ring = ringOn(store, SEALING_KEY, () => clock.now)
    await ring.load(['ES256'])
    await ring.maintain(['ES256'])
    const [first, second] = store.kept.keys
    assert.ok(first && second)
    const at = new Date(NOW + 600_000).toISOString()
    store.kept.keys = [
      { ...first, retires_at: at },
      { ...second, activates_at: at },
    ]
    await ring.load(['ES256'])
    store.listSigningKeys = () => Promise.reject(new Error('the store is away'))
    const signedBy = async () => decodeProtectedHeader(await ring.sign('ES256', PAYLOAD)).kid
    clock.now = NOW + 599_999
    const old = await ring.sign('ES256', PAYLOAD)
    assert.equal(decodeProtectedHeader(old).kid, first.kid)
    clock.now = NOW + 600_000
    assert.equal(await signedBy(), second.kid)
    await assert.rejects(ring.maintain(['ES256']), /away/)
    assert.equal(await signedBy(), second.kid)
    assert.equal(await verifyWith(ring, old), PAYLOAD)
  })

  it('refuses to start with an encryption key that does not fit', async () => {
    const store = createKeyStore()
    await loadedRing(store, 'ES256')
    const stranger = ringOn(store, new Uint8Array(32).fill(2))
    await assert.rejects(stranger.load(['ES256']), SealBroken)
    assert.deepEqual(kidsOf(stranger), [])
    await assert.rejects(stranger.sign('ES256', PAYLOAD))
    assert.equal(store.kept.writes, 1)
  })

  it('adds no key of its own to keys that it cannot open', async () => {
    const store = createKeyStore()
    await loadedRing(store, 'ES256')
    const stranger = ringOn(store, new Uint8Array(32).fill(2))
    await assert.rejects(stranger.load(['ES256', 'EdDSA']), SealBroken)
    assert.equal(store.kept.writes, 1)
    assert.ok(await loadedRing(store, 'ES256', 'EdDSA'), 'and the others can start')
  })

  it('adds none either when those keys arrive while it makes its own', async () => {
    const store = createKeyStore()
    const stranger = ringOn(store, new Uint8Array(32).fill(2))
    const starting = stranger.load(['ES256', 'EdDSA'])
    const ask = store.updateSigningKeys.bind(store)
    let asked = 0
    store.updateSigningKeys = async (update) => {
      if (++asked === 1) await ringOn(store).load(['ES256'])
      return ask(update)
    }
    await assert.rejects(starting, SealBroken)
    assert.deepEqual(
      store.kept.keys.map(({ alg }) => alg),
      ['ES256'],
    )
  })

  it('refuses sealed texts that were swapped for one another', async () => {
    const store = createKeyStore()
    await loadedRing(store, 'ES256', 'EdDSA')
    const [one, two] = store.kept.keys
    assert.ok(one && two)
    store.kept.keys = [
      { ...one, sealed: two.sealed },
      { ...two, sealed: one.sealed },
    ]
    await assert.rejects(ringOn(store).load([]), SealBroken)
  })

  it('keeps its keys when they cannot be read again', async () => {
    const store = createKeyStore()
    const ring = await loadedRing(store, 'ES256')
    store.kept.keys = store.kept.keys.map((key) => ({ ...key, sealed: 'broken' }))
    await assert.rejects(ring.load(['ES256']), SealBroken)
    assert.equal(await verifyWith(ring, await ring.sign('ES256', PAYLOAD)), PAYLOAD)
  })

  it('takes the other keys when a later one cannot be opened, and reports it', async () => {
    const store = createKeyStore()
    const ring = await loadedRing(store, 'ES256')
    await loadedRing(store, 'ES256', 'EdDSA')
    const stranger = createKeyStore()
    await loadedRing(stranger, 'RS256')
    const [broken] = stranger.kept.keys.map((key) => ({ ...key, sealed: 'broken' }))
    assert.ok(broken)
    store.kept.keys = [broken, ...store.kept.keys]
    await assert.rejects(ring.load(['ES256', 'EdDSA']), SealBroken)
    assert.equal(await verifyWith(ring, await ring.sign('EdDSA', PAYLOAD)), PAYLOAD)
    await assert.rejects(ring.sign('RS256', PAYLOAD), { status: 503 })
    // Another instance may have opened it, and sign with it.
    assert.ok(await ring.find({ alg: 'RS256', kid: broken.kid }))
    await assert.rejects(ringOn(store).load(['ES256', 'EdDSA']), SealBroken)
  })

  it('finds only its own keys, and only for their algorithm', async () => {
    const ring = await loadedRing(createKeyStore(), 'RS256', 'ES256')
    const [rsa, ec] = kidsOf(ring) as [string, string]
    assert.ok(await ring.find({ alg: 'RS256', kid: rsa }))
    assert.equal(await ring.find({ alg: 'PS256', kid: rsa }), null)
    assert.equal(await ring.find({ alg: 'RS256', kid: ec }), null)
    assert.equal(await ring.find({ alg: 'RS256', kid: 'unknown' }), null)
  })
})
