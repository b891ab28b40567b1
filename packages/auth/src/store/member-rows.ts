/** Converts rows of persons, members and invitations to records. */

import type {
  Invitation,
  ListedMember,
  Member,
  Membership,
  Person,
  PersonState,
  Role,
} from '../records/member.ts'
import type { Row } from './rows.ts'

export function memberOf(row: Row): Member {
  return {
    org_id: row.org_id as string,
    person_id: row.person_id as string,
    role: row.role as Role,
    created_at: row.created_at as string,
  }
}

export function listedMemberOf(row: Row): ListedMember {
  return {
    ...memberOf(row),
    email: row.email as string,
    name: row.name as string,
    two_factor_enabled: row.two_factor_enabled === 1,
    last_seen_at: row.last_seen_at as string | null,
  }
}

export function membershipOf(row: Row): Membership {
  return { org_id: row.org_id as string, name: row.name as string, role: row.role as Role }
}

export function personOf(row: Row): Person {
  return {
    person_id: row.person_id as string,
    email: row.email as string,
    name: row.name as string,
    disabled: row.disabled === 1,
  }
}

/** @param row undefined: there is no such person. */
export function personStateOf(row: Row | undefined): PersonState {
  if (row === undefined) {
    return { person: null, session_expires_at: null, role: null, tokens_revoked_until: null }
  }
  return {
    person: personOf(row),
    session_expires_at: row.session_expires_at as string | null,
    role: row.role as Role | null,
    tokens_revoked_until: row.tokens_revoked_until as number | null,
  }
}

export function invitationOf(row: Row): Invitation {
  return {
    invitation_id: row.invitation_id as string,
    org_id: row.org_id as string,
    email: row.email as string,
    role: row.role as Role,
    token_digest: row.token_digest as string,
    expires_at: row.expires_at as string,
    created_at: row.created_at as string,
    invited_by: row.invited_by as string | null,
  }
}
