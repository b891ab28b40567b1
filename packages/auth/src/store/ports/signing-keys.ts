/** The port for signing keys. */

import type { Revocation } from '@modulariot/oauth/protocol'
import type { AuditDraft } from '../../records/audit-entry.ts'
import type { SealedKey } from '../../records/sealed-key.ts'

/** The new list of signing keys, with its audit entries and revocations. */
export interface KeyChange {
  readonly keys: readonly SealedKey[]
  readonly audit: readonly AuditDraft[]
  readonly revoke?: readonly Revocation[]
}

export interface SigningKeyStore {
  /** In order of creation. Takes no lock. */
  listSigningKeys(): Promise<readonly SealedKey[]>
  /**
   * Replaces the signing keys by the result of `update`, and returns the current ones, in order of
   * creation. Null changes nothing. Takes the write lock either way.
   */
  updateSigningKeys(
    update: (current: readonly SealedKey[]) => KeyChange | null,
  ): Promise<readonly SealedKey[]>
}
