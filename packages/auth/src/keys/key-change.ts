/**
 * A step in the life of keys as a change for the store, with its audit entries and revocations.
 */

import { TOKEN_LIFETIME_BOUNDS } from '../records/audience.ts'
import type { AuditDraft } from '../records/audit-entry.ts'
import type { SealedKey } from '../records/sealed-key.ts'
import type { KeyChange } from '../store/ports/signing-keys.ts'
import type { KeyStep } from './key-life.ts'

/** Who makes the change, and when. */
export type KeyActor = Pick<AuditDraft, 'at' | 'actor'>

/** The server itself. */
export function systemDraft(nowMs: number): KeyActor {
  return { at: new Date(nowMs).toISOString(), actor: { kind: 'system' } }
}

/** @param revoked keys whose tokens become invalid now. */
export function keyChange(
  { keys, events }: KeyStep,
  by: KeyActor,
  revoked: readonly SealedKey[] = [],
): KeyChange {
  const expires = Math.floor(Date.parse(by.at) / 1000) + TOKEN_LIFETIME_BOUNDS.max
  return {
    keys,
    audit: events.map(({ action, kid, after }) => ({
      ...by,
      action,
      target: { type: 'key', id: kid },
      org_id: null,
      environment: null,
      address: null,
      request_id: null,
      idempotency: null,
      before: null,
      after,
    })),
    revoke: revoked.map(({ kid }) => ({ kind: 'key', kid, expires })),
  }
}
