import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SealBroken } from '../errors/seal-broken.ts'
import { EncryptionKeys } from './encryption-keys.ts'
import { newKey } from './new-key.ts'
import { deriveInstallationKeys } from './sealing.ts'

const [ONE, TWO, OTHER] = [1, 2, 3].map((byte) =>
  deriveInstallationKeys(new Uint8Array(32).fill(byte)),
) as [Keys, Keys, Keys]
type Keys = ReturnType<typeof deriveInstallationKeys>

/** The key in use and the other, once these have sealed the keys of a store. */
async function inUse(keys: EncryptionKeys, ...sealedBy: Keys[]) {
  const stored = await Promise.all(sealedBy.map(({ sealing }) => newKey('ES256', sealing, 0)))
  await keys.followStore({ listSigningKeys: async () => stored })
  return [keys.keysInUse, keys.otherKeys]
}

describe('EncryptionKeys', () => {
  it('uses the key that seals the signing keys, from either setting', async () => {
    assert.deepEqual(await inUse(new EncryptionKeys(ONE, TWO)), [ONE, TWO])
    assert.deepEqual(await inUse(new EncryptionKeys(ONE, TWO), ONE, ONE), [ONE, TWO])
    assert.deepEqual(await inUse(new EncryptionKeys(ONE, TWO), TWO, TWO), [TWO, ONE])
    assert.deepEqual(await inUse(new EncryptionKeys(TWO, ONE), TWO), [TWO, ONE])
    assert.deepEqual(await inUse(new EncryptionKeys(ONE), ONE), [ONE, null])
  })

  it('uses the new key when a key was added under the former one during the change', async () => {
    assert.deepEqual(await inUse(new EncryptionKeys(ONE, TWO), TWO, ONE), [TWO, ONE])
  })

  it('names the digest keys in the same order, and knows the ids of both', async () => {
    const keys = new EncryptionKeys(ONE, TWO)
    const ids = keys.ids
    assert.deepEqual([keys.inUse.id, keys.other?.id], ids)
    await inUse(keys, TWO)
    assert.deepEqual([keys.other?.id, keys.inUse.id], ids)
    assert.deepEqual(keys.inUse.key, TWO.secretDigest)
    assert.match(ids.join(), /^[0-9a-f]{16},[0-9a-f]{16}$/)
  })

  it('opens what either has sealed, and nothing else', async () => {
    const keys = new EncryptionKeys(ONE, TWO)
    for (const by of [ONE, TWO]) {
      const opened = await keys.open(await newKey('ES256', by.sealing, 0))
      assert.equal(opened.by, by)
    }
    await assert.rejects(keys.open(await newKey('ES256', OTHER.sealing, 0)), SealBroken)
  })
})
