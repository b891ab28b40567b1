/** The key ring with keys that an external signer holds, alone and among keys of the store. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OAuthError, SIGNING_ALGORITHMS } from '@modulariot/oauth/protocol'
import { compactVerify, createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet } from 'jose'
import { rotateKeys } from '../admin/keys.ts'
import { resealSigningKeys } from '../admin/reseal.ts'
import { SignerFault } from '../errors/signer-fault.ts'
import { openInstallation } from '../testing/sample-installation.ts'
import { onlyEncryptionKey } from '../testing/sample-keys.ts'
import { type SampleSigner, sampleSigner } from '../testing/sample-signer.ts'
import { EncryptionKeys } from './encryption-keys.ts'
import { ExternalKeys } from './external-keys.ts'
import { holderOf, type KeyHolder } from './key-holder.ts'
import { goneAt, keyPolicy, stateOf } from './key-life.ts'
import { KeyRing } from './key-ring.ts'
import { deriveInstallationKeys } from './sealing.ts'

const SEALING_KEY = new Uint8Array(32).fill(1)
const PAYLOAD = JSON.stringify({ sub: 'client_1' })
const policyFor = (newKeys: KeyHolder | null) => keyPolicy(300, 90, newKeys)
const PUBLISH_MS = policyFor(null).publishMs

/** A real store, a signer, and rings that use both. */
async function createPlace() {
  const { store, clock, operator, close } = await openInstallation()
  const signer = sampleSigner()
  const errors: unknown[] = []
  const outcomes: string[] = []
  const externalOf = (own: SampleSigner | null) =>
    own &&
    new ExternalKeys({
      signer: own,
      onError: (error) => errors.push(error),
      onSigned: (outcome) => outcomes.push(outcome),
    })
  const ring = (
    newKeys: KeyHolder | null = 'signer',
    encryptionKeys = onlyEncryptionKey(SEALING_KEY),
  ) =>
    new KeyRing({
      ...{ store, encryptionKeys, policy: policyFor(newKeys), now: () => clock.now },
      external: externalOf(newKeys === null ? null : signer),
    })
  return {
    ...{ store, clock, operator, signer, errors, outcomes, ring },
    external: externalOf(signer),
    /** States and holders, such as `active signer`. */
    async standing(): Promise<string[]> {
      const keys = await store.listSigningKeys()
      return keys.map((key) => `${stateOf(key, clock.now)} ${holderOf(key)}`).sort()
    },
    [Symbol.asyncDispose]: close,
  }
}

async function verifies(ring: KeyRing, token: string): Promise<string> {
  const keys = createLocalJWKSet(ring.publicKeys() as JSONWebKeySet)
  return new TextDecoder().decode((await compactVerify(token, keys)).payload)
}

const refusedWith503 = (doing: Promise<unknown>, detail: string) =>
  assert.rejects(doing, (error) => {
    assert.ok(error instanceof OAuthError)
    assert.deepEqual([error.status, error.error], [503, 'temporarily_unavailable'])
    assert.deepEqual(error.reason, { kind: 'unavailable', detail })
    return true
  })

describe('KeyRing with an external signer', () => {
  for (const alg of SIGNING_ALGORITHMS) {
    it(`signs with ${alg} what its published key verifies, and stores no private key`, async () => {
      await using place = await createPlace()
      const ring = place.ring()
      await ring.load([alg])
      const token = await ring.sign(alg, PAYLOAD)
      assert.equal(await verifies(ring, token), PAYLOAD)
      const [key] = await place.store.listSigningKeys()
      assert.deepEqual(decodeProtectedHeader(token), { alg, kid: key?.kid, typ: 'at+jwt' })
      assert.deepEqual(await place.standing(), ['active signer'])
      assert.deepEqual(place.outcomes, ['signed'])
      const opened = await onlyEncryptionKey(SEALING_KEY).open(key ?? assert.fail())
      assert.deepEqual(opened.half, { signer_reference: 'slot-1' })
    })
  }

  it('goes from the store to the signer and back by rotation, while all tokens verify', async () => {
    await using place = await createPlace()
    const { clock, standing } = place
    const before = place.ring('store')
    await before.load(['ES256'])
    await before.maintain(['ES256'])
    const tokens = [await before.sign('ES256', PAYLOAD)]
    const ring = place.ring('signer')
    await ring.load(['ES256'])
    assert.deepEqual(await standing(), ['active store', 'next store'])
    const admin = {
      ...place.operator,
      ...{ sealingKey: SEALING_KEY, policy: policyFor('signer'), external: place.external },
    }
    const rotated = await rotateKeys('ES256', admin)
    assert.deepEqual(rotated.map(({ held_by }) => held_by).sort(), ['signer', 'store'])
    await ring.load(['ES256'])
    clock.now += PUBLISH_MS - 1
    tokens.push(await ring.sign('ES256', PAYLOAD))
    assert.equal(place.outcomes.length, 0, 'the old key signs until the new one is published')
    clock.now += 1
    tokens.push(await ring.sign('ES256', PAYLOAD))
    assert.deepEqual(place.outcomes, ['signed'])
    await ring.maintain(['ES256'])
    assert.deepEqual(await standing(), ['active signer', 'next signer', 'retired store'])

    const back = place.ring('store')
    await back.load(['ES256'])
    await rotateKeys('ES256', { ...admin, policy: policyFor('store') })
    await back.load(['ES256'])
    assert.equal(place.signer.keys.size, 1, 'the next key that never signed is destroyed')
    clock.now += PUBLISH_MS
    tokens.push(await back.sign('ES256', PAYLOAD))
    assert.deepEqual(await standing(), ['active store', 'retired signer', 'retired store'])
    for (const token of tokens) assert.equal(await verifies(back, token), PAYLOAD)
    // Without the signer from now on: its last key only has to verify.
    const without = place.ring(null)
    await without.load(['ES256'])
    assert.equal(await verifies(without, tokens[2] ?? ''), PAYLOAD)
    const keys = await place.store.listSigningKeys()
    clock.now = Math.max(...keys.map(goneAt).filter(Number.isFinite)) + 1
    await back.maintain(['ES256'])
    assert.equal(place.signer.keys.size, 0)
    assert.deepEqual(place.errors, [])
  })

  it('rotates by schedule to a key of the signer, which has been published long enough', async () => {
    await using place = await createPlace()
    const local = place.ring('store')
    await local.load(['ES256'])
    await local.maintain(['ES256'])
    const ring = place.ring('signer')
    await ring.load(['ES256'])
    place.clock.now += policyFor('signer').rotateAfterMs ?? 0
    await ring.maintain(['ES256'])
    assert.deepEqual(await place.standing(), ['active store', 'next signer'])
    place.clock.now += PUBLISH_MS
    await ring.maintain(['ES256'])
    assert.deepEqual(await place.standing(), ['active signer', 'next signer', 'retired store'])
  })

  it('answers 503 while the signer is away, and goes on with the keys of the store', async () => {
    await using place = await createPlace()
    await place.ring('store').load(['EdDSA'])
    const ring = place.ring()
    await ring.load(['ES256', 'EdDSA'])
    const old = await ring.sign('ES256', PAYLOAD)
    assert.equal(ring.isSignerDown(), false)
    place.signer.fault = 'unavailable'
    assert.equal(ring.isSignerDown(), true)
    await refusedWith503(ring.sign('ES256', PAYLOAD), 'signer: unavailable')
    assert.equal(await verifies(ring, old), PAYLOAD)
    assert.equal(await verifies(ring, await ring.sign('EdDSA', PAYLOAD)), PAYLOAD)
    place.signer.fault = 'timeout'
    await refusedWith503(ring.sign('ES256', PAYLOAD), 'signer: timeout')
    place.signer.fault = null
    assert.equal(await verifies(ring, await ring.sign('ES256', PAYLOAD)), PAYLOAD)
    assert.deepEqual(place.outcomes, ['signed', 'unavailable', 'timeout', 'signed'])
  })

  it('lets no signature out that its public key does not verify', async () => {
    await using place = await createPlace()
    const ring = place.ring()
    await ring.load(SIGNING_ALGORITHMS)
    place.signer.lies = true
    for (const alg of SIGNING_ALGORITHMS) {
      await refusedWith503(ring.sign(alg, PAYLOAD), 'signer: wrong_signature')
    }
    assert.deepEqual(new Set(place.outcomes), new Set(['wrong_signature']))
  })

  it('refuses references that were exchanged for one another in the database', async () => {
    await using place = await createPlace()
    await place.ring().load(['ES256', 'EdDSA'])
    await place.store.updateSigningKeys(([one, two]) => {
      assert.ok(one && two)
      const keys = [
        { ...one, sealed: two.sealed },
        { ...two, sealed: one.sealed },
      ]
      return { keys, audit: [] }
    })
    await assert.rejects(place.ring().load([]), { name: 'SealBroken' })
  })

  it('makes no key without the signer, at the start or later, and does not use the store', async () => {
    await using place = await createPlace()
    place.signer.fault = 'unavailable'
    const ring = place.ring()
    await assert.rejects(ring.load(['ES256']), SignerFault)
    assert.deepEqual(await place.standing(), [])
    place.signer.fault = null
    await ring.load(['ES256'])
    place.signer.fault = 'unavailable'
    await assert.rejects(ring.maintain(['ES256']), SignerFault)
    const restarted = place.ring()
    await assert.rejects(restarted.load(['ES256', 'EdDSA']), SignerFault)
    assert.equal(restarted.publicKeys().keys.length, 1, 'its keys are in use all the same')
    assert.deepEqual(await place.standing(), ['active signer'])
  })

  it('without a signer, does not start with keys that need one, nor signs with them', async () => {
    await using place = await createPlace()
    const local = place.ring(null)
    await local.load(['ES256'])
    await local.maintain(['ES256'])
    const ring = place.ring('signer')
    await ring.load(['ES256', 'EdDSA'])
    await assert.rejects(place.ring(null).load(['ES256']), {
      name: 'SignerFault',
      message: /with an external signer: set MIOT_SIGNER_COMMAND/,
    })
    // One that runs reports it, publishes the key and signs with its own.
    await assert.rejects(local.load(['ES256']), SignerFault)
    assert.equal(local.publicKeys().keys.length, 3)
    assert.ok(await local.sign('ES256', PAYLOAD))
    await refusedWith503(local.sign('EdDSA', PAYLOAD), 'no signing key for EdDSA yet')
  })

  it('leaves one key of each kind, and none over, when several instances start at once', async () => {
    await using place = await createPlace()
    const rings = [place.ring(), place.ring(), place.ring()]
    await Promise.all(rings.map((ring) => ring.load(['ES256'])))
    await Promise.all(rings.map((ring) => ring.maintain(['ES256'])))
    assert.deepEqual(await place.standing(), ['active signer', 'next signer'])
    assert.equal(place.signer.keys.size, 2)
  })

  it('makes no further key at the signer while the store accepts no writes', async () => {
    await using place = await createPlace()
    const ring = place.ring()
    await ring.load(['ES256'])
    const { updateSigningKeys } = place.store
    place.store.updateSigningKeys = () => Promise.reject(new Error('disk full'))
    for (let round = 0; round < 3; round++) await assert.rejects(ring.maintain(['ES256']), /full/)
    assert.equal(place.signer.keys.size, 2)
    place.store.updateSigningKeys = updateSigningKeys
    place.clock.now += 1000
    await ring.maintain(['ES256'])
    const [, next] = await place.store.listSigningKeys()
    assert.equal(next?.created_at, new Date(place.clock.now).toISOString())
    assert.equal(place.signer.keys.size, 2)
  })

  it('reports a key that could not be destroyed', async () => {
    await using place = await createPlace()
    const ring = place.ring()
    await ring.load(['ES256'])
    await ring.maintain(['ES256'])
    place.clock.now += policyFor('signer').rotateAfterMs ?? 0
    await ring.maintain(['ES256'])
    const keys = await place.store.listSigningKeys()
    const rotated = keys.find(({ retires_at }) => retires_at !== null)
    place.clock.now = goneAt(rotated ?? assert.fail()) + 1
    place.signer.destroy = () => Promise.reject(new SignerFault('refused', 'no'))
    await ring.maintain(['ES256'])
    assert.ok(
      place.errors.some((error) => /still has the key of reference slot-\d/.test(String(error))),
    )
  })

  it('follows a change of the encryption key, which seals the references anew', async () => {
    await using place = await createPlace()
    const [from, to] = [1, 2].map((byte) =>
      deriveInstallationKeys(new Uint8Array(32).fill(byte)),
    ) as [ReturnType<typeof deriveInstallationKeys>, ReturnType<typeof deriveInstallationKeys>]
    const keys = new EncryptionKeys(from, to)
    const ring = place.ring('signer', keys)
    await ring.load(['ES256'])
    assert.equal(keys.keysInUse, from)
    const replacement = { from, to, issuer: 'https://auth.example' }
    assert.deepEqual(await resealSigningKeys(replacement, place.operator), {
      resealed: 1,
      total: 1,
    })
    await ring.load(['ES256'])
    assert.equal(keys.keysInUse, to)
    assert.deepEqual(await place.standing(), ['active signer'])
    assert.equal(await verifies(ring, await ring.sign('ES256', PAYLOAD)), PAYLOAD)
  })
})
