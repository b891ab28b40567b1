/**
 * Organizations, members and keys as the admin API answers them; types only. Times are ISO 8601.
 */

import type { Environment, SigningAlgorithm } from '@modulariot/oauth/protocol'

export interface Organization {
  readonly org_id: string
  readonly name: string
  /** Of the token. */
  readonly environment: Environment
}

/** What a person may do; `developer` in development only. */
export type Role = 'owner' | 'admin' | 'developer' | 'viewer'

/** A person in the organization. */
export interface Member {
  readonly person_id: string
  readonly email: string
  readonly name: string
  readonly role: Role
  readonly two_factor_enabled: boolean
  readonly created_at: string
  /** To about an hour; null: without a session now. */
  readonly last_seen_at: string | null
}

export interface Invitation {
  readonly invitation_id: string
  /** Lower case. */
  readonly email: string
  readonly role: Role
  readonly expires_at: string
  readonly created_at: string
}

export interface CreatedInvitation {
  readonly invitation: Invitation
  /** Shown only here; null: it is mailed. */
  readonly link: string | null
  readonly mailed: boolean
}

/** A key that signs access tokens, without its private half. */
export interface SigningKey {
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly state: 'next' | 'active' | 'retired' | 'gone'
  readonly created_at: string
  /** Null: not decided yet. */
  readonly activates_at: string | null
  readonly retires_at: string | null
  /** When another key takes over from this one, which signs; null: no time is set. */
  readonly rotates_at: string | null
  /** It verifies until then; null: no end is set. */
  readonly gone_at: string | null
}
