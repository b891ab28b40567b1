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

/** Who made a change: the operator, a client with an admin token, or the server itself. */
export type Actor =
  | { readonly kind: 'operator'; readonly name: string }
  | { readonly kind: 'client'; readonly client_id: string }
  | { readonly kind: 'system' }

export type AuditAction =
  | 'organization.created'
  | 'organization.retention_changed'
  | 'audience.created'
  | 'audience.updated'
  | 'client.created'
  | 'client.updated'
  | 'client.disabled'
  | 'client.enabled'
  | 'secret.added'
  | 'secret.rotated'
  | 'secret.revoked'
  | 'tokens.revoked'
  | 'key.created'
  | 'key.rotated'
  | 'key.revoked'
  | 'key.removed'
  | 'trail.cut'

/** An entry before the store assigns its `seq`. Never holds a secret. */
export interface AuditDraft {
  /** ISO 8601. */
  readonly at: string
  readonly actor: Actor
  readonly action: AuditAction
  readonly target: {
    readonly type: 'organization' | 'audience' | 'client' | 'key' | 'trail'
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
