/**
 * The audit trail's entries and the chain that holds them together.
 *
 * Each row's hash covers its text and the hash before it, so a row that is changed, removed or
 * moved breaks every hash after it. Rewriting the whole table rewrites the chain too: a checkpoint
 * (audit/checkpoint.ts) that was signed before reveals that, and reveals that the newest rows were
 * cut off.
 */

import { createHash } from 'node:crypto'
import type { Environment } from '@modulariot/oauth/protocol'

/**
 * Who made a change: the operator, a client with an admin token, a person with a session, or the
 * server itself.
 */
export type Actor =
  | { readonly kind: 'operator'; readonly name: string }
  | { readonly kind: 'client'; readonly client_id: string }
  | { readonly kind: 'person'; readonly person_id: string; readonly email: string }
  | { readonly kind: 'system' }

export type AuditAction =
  | 'organization.created'
  | 'organization.renamed'
  | 'organization.retention_changed'
  | 'member.added'
  | 'member.role_changed'
  | 'member.removed'
  | 'invitation.created'
  | 'invitation.revoked'
  | 'person.disabled'
  | 'person.enabled'
  | 'person.sessions_ended'
  | 'person.password_changed'
  | 'person.password_reset'
  | 'person.second_factor_added'
  | 'person.second_factor_removed'
  | 'person.removed'
  | 'audience.created'
  | 'audience.updated'
  | 'client.created'
  | 'client.updated'
  | 'client.disabled'
  | 'client.enabled'
  | 'client.deleted'
  | 'secret.added'
  | 'secret.rotated'
  | 'secret.revoked'
  | 'tokens.revoked'
  | 'key.created'
  | 'key.rotated'
  | 'key.revoked'
  | 'key.removed'
  | 'encryption_key.changed'
  | 'trail.cut'
  | 'asset.erased'

/** An entry before the store assigns its `seq`. Never holds a secret. */
export interface AuditDraft {
  /** ISO 8601. */
  readonly at: string
  readonly actor: Actor
  readonly action: AuditAction
  readonly target: {
    readonly type:
      | 'organization'
      | 'member'
      | 'invitation'
      | 'person'
      | 'audience'
      | 'client'
      | 'key'
      | 'trail'
      | 'asset'
    readonly id: string
  }
  /** The tenant; null for what belongs to the installation. */
  readonly org_id: string | null
  readonly environment: Environment | null
  /** The caller's address; null for changes not made over the network. */
  readonly address: string | null
  readonly request_id: string | null
  /** The caller's `Idempotency-Key` and the digest of its request. */
  readonly idempotency: { readonly key: string; readonly digest: string } | null
  /** What changed, as `changesOf` returns it; in entries of earlier versions, the whole record. */
  readonly before: unknown
  readonly after: unknown
}

export interface AuditEntry extends AuditDraft {
  /** Counts from 1 without gaps. */
  readonly seq: number
}

/** An entry as stored: the text that was hashed, and the hash. */
export interface AuditRow {
  readonly seq: number
  /** The entry as JSON. */
  readonly entry: string
  /** SHA-256, hex. */
  readonly hash: string
}

/** The hash before the first row. */
export const GENESIS_HASH = '0'.repeat(64)

/** The row that follows `previous` (null at the beginning of the trail). */
export function nextRow(
  previous: Pick<AuditRow, 'seq' | 'hash'> | null,
  draft: AuditDraft,
): AuditRow {
  const seq = (previous?.seq ?? 0) + 1
  const entry = JSON.stringify({ seq, ...draft } satisfies AuditEntry)
  return { seq, entry, hash: hashOf(previous?.hash ?? GENESIS_HASH, entry) }
}

export function hashOf(previousHash: string, entry: string): string {
  return createHash('sha256').update(previousHash).update('\n').update(entry).digest('hex')
}
