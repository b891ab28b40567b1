/** Persons in organizations: members, their roles, and invitations to become one. */

export const ROLES = ['owner', 'admin', 'developer', 'viewer'] as const

export type Role = (typeof ROLES)[number]

export interface Member {
  readonly org_id: string
  readonly person_id: string
  readonly role: Role
  /** ISO 8601. */
  readonly created_at: string
}

/** A member with what is shown of the account. */
export interface ListedMember extends Member {
  readonly email: string
  readonly name: string
  readonly two_factor_enabled: boolean
  /** When one of its sessions was last used, ISO 8601, to about an hour; null: it has none. */
  readonly last_seen_at: string | null
}

/** An organization that a person is a member of. */
export interface Membership {
  readonly org_id: string
  readonly name: string
  readonly role: Role
}

/** A person's account, as far as others are concerned. */
export interface Person {
  readonly person_id: string
  /** Lower case. */
  readonly email: string
  readonly name: string
  /** Cannot sign in, and its sessions are of no use. */
  readonly disabled: boolean
}

/** Names a person, one of its sessions, and the organization in which it acts. */
export interface PersonKey {
  readonly person_id: string
  readonly session_id: string
  readonly org_id: string
}

/** A person in an organization, as the store has it at one moment. */
export interface PersonState {
  /** Null: no such person. */
  readonly person: Person | null
  /** ISO 8601; null: the person has no such session. */
  readonly session_expires_at: string | null
  /** Null: not a member. */
  readonly role: Role | null
  /** Unix seconds: the access tokens that it had by then are revoked; null: none are. */
  readonly tokens_revoked_until: number | null
}

export interface Invitation {
  readonly invitation_id: string
  readonly org_id: string
  /** Lower case. Only an account with this address may accept. */
  readonly email: string
  readonly role: Role
  /** SHA-256 of the token in the link, base64url. */
  readonly token_digest: string
  /** ISO 8601, like `created_at`. */
  readonly expires_at: string
  readonly created_at: string
  /**
   * The `person_id` of the member who made it; it ends with that membership. Null: a client or the
   * operator made it.
   */
  readonly invited_by: string | null
}

/** An invitation as it may be shown. */
export type InvitationView = Omit<Invitation, 'token_digest' | 'invited_by'>
