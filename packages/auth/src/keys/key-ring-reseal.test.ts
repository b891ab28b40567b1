/** The key ring while the encryption key is being changed: no key stays under the former one. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SealedKey } from '../records/sealed-key.ts'
import type { SigningKeyStore } from '../store/ports/signing-keys.ts'
import { EncryptionKeys } from './encryption-keys.ts'
import { DEFAULT_KEY_POLICY } from './key-life.ts'
import { KeyRing } from './key-ring.ts'
import { deriveInstallationKeys, type InstallationKeys, seal, unseal } from './sealing.ts'

const [FORMER, PRESENT] = [1, 2].map((byte) =>
  deriveInstallationKeys(new Uint8Array(32).fill(byte)),
) as [InstallationKeys, InstallationKeys]

/** A ring that has made one key, and its store. `beforeUpdate` runs once. */
async function createPlace() {
  const kept = {
    keys: [] as readonly SealedKey[],
    beforeUpdate: null as (() => void) | null,
    async listSigningKeys() {
      return kept.keys
    },
    async updateSigningKeys(update: Parameters<SigningKeyStore['updateSigningKeys']>[0]) {
      kept.beforeUpdate?.()
      kept.beforeUpdate = null
      kept.keys = update(kept.keys, { lastSeq: 0, instances: [] })?.keys ?? kept.keys
      return kept.keys
    },
  }
  const encryptionKeys = new EncryptionKeys(FORMER, PRESENT)
  const now = () => Date.UTC(2026, 0, 2)
  const ring = new KeyRing({ store: kept, encryptionKeys, policy: DEFAULT_KEY_POLICY, now })
  await ring.load(['ES256'])
  return { kept, ring }
}

/** As `miot keys reseal` leaves them. */
const resealed = (keys: readonly SealedKey[]): Promise<SealedKey[]> =>
  Promise.all(
    keys.map(async (key) => {
      const jwk = await unseal(key.sealed, key.kid, FORMER.sealing)
      return { ...key, sealed: await seal(jwk, key.kid, PRESENT.sealing) }
    }),
  )

async function assertAllUnderPresent(keys: readonly SealedKey[]): Promise<void> {
  for (const { sealed, kid } of keys) await unseal(sealed, kid, PRESENT.sealing)
}

describe('KeyRing during a change of the encryption key', () => {
  it('drops the key that it made while the others were resealed, and makes another', async () => {
    const { kept, ring } = await createPlace()
    const changed = await resealed(kept.keys)
    kept.beforeUpdate = () => {
      kept.keys = changed
    }
    await ring.maintain(['ES256'])
    assert.deepEqual(kept.keys, changed)
    await ring.maintain(['ES256'])
    assert.equal(kept.keys.length, 2)
    await assertAllUnderPresent(kept.keys)
  })

  it('uses the present key for an algorithm that comes with the change', async () => {
    const { kept, ring } = await createPlace()
    kept.keys = await resealed(kept.keys)
    await ring.load(['ES256', 'EdDSA'])
    assert.equal(kept.keys.length, 2)
    await assertAllUnderPresent(kept.keys)
  })
})
