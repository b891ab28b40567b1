/**
 * The checkpoint signer of a running server, which changes keys when the encryption key does.
 *
 * A server hears of a change up to a second later. What it signed with the former key by then would
 * be refused, so it looks at the store before each signature: a key that is still in use after the
 * row to be signed was read may sign it.
 */

import type { EncryptionKeys } from '../keys/encryption-keys.ts'
import type { SigningKeyStore } from '../store/ports/signing-keys.ts'
import { type CheckpointSigner, createCheckpointSigner } from './checkpoint.ts'

export interface InstallationSigner extends CheckpointSigner {
  /** Takes the key in use. Runs after each change of keys. */
  renew(): Promise<void>
}

interface SignerDeps {
  readonly encryptionKeys: Pick<EncryptionKeys, 'keysInUse' | 'followStore'>
  readonly issuer: string
  readonly store: Pick<SigningKeyStore, 'listFormerCheckpointKeys' | 'listSigningKeys'>
}

export async function createInstallationSigner(deps: SignerDeps): Promise<InstallationSigner> {
  let signer = await signerInUse(deps)
  return {
    get kid() {
      return signer.kid
    },
    get publicKey() {
      return signer.publicKey
    },
    async sign(kind, place) {
      await deps.encryptionKeys.followStore(deps.store)
      signer = await signerInUse(deps)
      return signer.sign(kind, place)
    },
    verify: (kind, checkpoint) => signer.verify(kind, checkpoint),
    vouchFor: (key, lastSeq) => signer.vouchFor(key, lastSeq),
    async renew() {
      signer = await signerInUse(deps)
    },
  }
}

async function signerInUse({ encryptionKeys, issuer, store }: SignerDeps) {
  const vouchers = await store.listFormerCheckpointKeys()
  return createCheckpointSigner(encryptionKeys.keysInUse.checkpoint, issuer, vouchers)
}
