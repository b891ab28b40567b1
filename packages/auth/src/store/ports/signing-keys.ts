/** The port for signing keys. */

import type { Revocation } from '@modulariot/oauth/protocol'
import type { AuditDraft } from '../../records/audit-entry.ts'
import type { SealedKey } from '../../records/sealed-key.ts'
import type { Instance } from './instances.ts'

/** The new list of signing keys, with its audit entries and revocations. */
export interface KeyChange {
  readonly keys: readonly SealedKey[]
  readonly audit: readonly AuditDraft[]
  readonly revoke?: readonly Revocation[]
  /** The key that signed checkpoints until this change, which another encryption key replaces. */
  readonly formerCheckpointKey?: FormerCheckpointKey
}

export interface FormerCheckpointKey {
  readonly kid: string
  /** Of the key that replaces it, which may be a former one itself. */
  readonly presentKid: string
  /** The base of the trail, signed anew by that key; null: nothing was cut yet. */
  readonly base: { readonly before: string; readonly after: string } | null
  /** See audit/former-keys.ts. */
  readonly voucher: string
}

/** What else holds while the signing keys are replaced: nothing changes it before the commit. */
export interface KeyChangeMoment {
  /** The newest row of the trail; 0: there is none. */
  readonly lastSeq: number
  /** All that were announced, also those that have ended. */
  readonly instances: readonly Instance[]
}

export interface SigningKeyStore {
  /** In order of creation. Takes no lock. */
  listSigningKeys(): Promise<readonly SealedKey[]>
  /**
   * Replaces the signing keys by the result of `update`, and returns the current ones, in order of
   * creation. Null changes nothing. Takes the write lock either way.
   */
  updateSigningKeys(
    update: (current: readonly SealedKey[], moment: KeyChangeMoment) => KeyChange | null,
  ): Promise<readonly SealedKey[]>
  /** The vouchers for keys that signed checkpoints before, in order of `kid`. */
  listFormerCheckpointKeys(): Promise<readonly string[]>
}
