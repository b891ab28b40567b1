/**
 * What accompanies a change: its audit entry, its revocations, and the authority it is made under.
 */

import type { Revocation } from '@modulariot/oauth/protocol'
import type { AuditDraft } from '../../records/audit-entry.ts'
import type { Client } from '../../records/client.ts'
import type { PersonKey, PersonState } from '../../records/member.ts'

/** A change and its audit entry. */
export interface Audited<Value> {
  readonly value: Value
  readonly audit: AuditDraft
  /** Put on the revocation feed. */
  readonly revoke?: readonly Revocation[]
}

/**
 * The actor of a change, checked in the change's own unit: after an earlier check, any instance may
 * have cut the actor off.
 */
export type Authority = ClientAuthority | PersonAuthority

/** A client with an access token. */
export interface ClientAuthority {
  readonly kind: 'client'
  readonly client_id: string
  /** Of the access token, and of the key that signed it. */
  readonly jti: string
  readonly kid: string
  /** Synchronous and pure. What it throws comes out unchanged, with nothing written. */
  assert(actor: ClientState): void
}

/** A person with a session, in an organization. */
export interface PersonAuthority extends PersonKey {
  readonly kind: 'person'
  /** Synchronous and pure. What it throws comes out unchanged, with nothing written. */
  assert(actor: PersonState): void
}

/** A client's state in the store at the moment of the change. */
export interface ClientState {
  /** Null: no such client. */
  readonly client: Client | null
  /** The feed names the token or its key. The client itself holds its cut-off. */
  readonly tokenRevoked: boolean
}
