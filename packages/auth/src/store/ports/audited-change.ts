/**
 * What goes along with a change: its entry in the trail, what it revokes, and the authority it is
 * made under.
 */

import type { Revocation } from '@modulariot/oauth/protocol'
import type { AuditDraft } from '../../records/audit-entry.ts'
import type { Client } from '../../records/client.ts'

/** A change and what the trail says of it. */
export interface Audited<Value> {
  readonly value: Value
  readonly audit: AuditDraft
  /** What it puts on the revocation feed. */
  readonly revoke?: readonly Revocation[]
}

/**
 * Who makes a change, checked in the change's own unit: between a check before it and the change
 * itself the actor may have been cut off, by any instance.
 */
export interface Authority {
  readonly client_id: string
  /** Of the access token, and of the key that signed it. */
  readonly jti: string
  readonly kid: string
  /** Synchronous and pure. What it throws comes out unchanged, with nothing written. */
  assert(actor: ActorState): void
}

/** The actor as the store has it at the moment of the change. */
export interface ActorState {
  /** Null: there is no such client. */
  readonly client: Client | null
  /** The feed names the token or its key. A cut-off of the client is in the client itself. */
  readonly tokenRevoked: boolean
}
