/** The port for signing keys. */

import type { Revocation } from '@modulariot/oauth/protocol'
import type { AuditDraft } from '../../records/audit-entry.ts'
import type { SealedKey } from '../../records/sealed-key.ts'

/** The signing keys as they are to be, with what the trail and the feed say of it. */
export interface KeyChange {
  readonly keys: readonly SealedKey[]
  readonly audit: readonly AuditDraft[]
  readonly revoke?: readonly Revocation[]
}

export interface SigningKeyStore {
  /** In order of making. Takes no lock. */
  listSigningKeys(): Promise<readonly SealedKey[]>
  /**
   * Replaces the signing keys by what `update` makes of them, and returns those in force, in order
   * of making. Null leaves all as it is. Takes the lock for writing either way.
   */
  updateSigningKeys(
    update: (current: readonly SealedKey[]) => KeyChange | null,
  ): Promise<readonly SealedKey[]>
}
