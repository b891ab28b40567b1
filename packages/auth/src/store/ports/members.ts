/**
 * The port for members of organizations and for invitations.
 *
 * An updater gets the members of the organization as they are in its own unit, so that a rule over
 * all of them, such as that one owner stays, holds whatever runs beside it.
 */

import type { Revocation } from '@modulariot/oauth/protocol'
import type { AuditDraft } from '../../records/audit-entry.ts'
import type { Organization } from '../../records/client.ts'
import type {
  Invitation,
  ListedMember,
  Member,
  Membership,
  Person,
  PersonKey,
  PersonState,
} from '../../records/member.ts'
import type { Audited, Authority } from './audited-change.ts'

/**
 * Makes the entry on the revocation feed that ends the person's tokens.
 *
 * @param before the person's cut-off as it is in the unit, Unix seconds; null: none.
 */
export type EndTokens = (before: number | null) => Revocation

/** A new role for a member, or its removal (`role` null). */
export interface MemberChange {
  readonly person_id: string
  readonly role: Member['role'] | null
  readonly audit: AuditDraft
  readonly endTokens?: EndTokens
  /** Invitations of the organization that end with it. */
  readonly endInvitations?: readonly EndedInvitation[]
}

export interface EndedInvitation {
  readonly invitation_id: string
  readonly audit: AuditDraft
}

/** The end of a person's sessions, with or without the account's own end. */
export interface PersonChange {
  /** Default: as it is. */
  readonly disabled?: boolean
  /** Left out: no session ends. Null: all end. An id: all but this one end. */
  readonly endSessionsBut?: string | null
  /** The id of one session that ends. */
  readonly endSession?: string
  readonly audit: AuditDraft
  readonly endTokens?: EndTokens
}

/** What an organization has when a person is invited to it. */
export interface Invited {
  readonly members: readonly ListedMember[]
  readonly invitations: readonly Invitation[]
}

export interface MemberLookup {
  /** The organizations of a person, in order of `org_id`. */
  listMemberships(person_id: string): Promise<readonly Membership[]>
  /** All of one moment. */
  findPersonState(key: PersonKey): Promise<PersonState>
}

export interface MemberStore extends MemberLookup {
  /** In order of `created_at`, then `person_id`. */
  listMembers(org_id: string): Promise<readonly ListedMember[]>
  /**
   * Makes the person the owner of the installation's oldest organization, or of `organization` when
   * there is none. Null, and no change, when any organization has a member.
   *
   * @param claim gets the organization that exists; null: there is none, and the result is created.
   */
  claimInstallation(
    claim: (existing: Organization | null) => {
      /** Used only when there is none. */
      readonly organization: Audited<Organization>
      readonly owner: Audited<Member>
    },
  ): Promise<Member | null>
  /** Creates the organization with its owner. @throws StoreConflict when the id is taken. */
  createOrganizationOf(organization: Audited<Organization>, owner: Audited<Member>): Promise<void>
  /**
   * Changes or removes one member; null, and no change, when `update` returns null.
   *
   * @param update synchronous and pure; what it throws comes out unchanged, with nothing written.
   */
  updateMember(
    org_id: string,
    update: (members: readonly Member[], invitations: readonly Invitation[]) => MemberChange | null,
    authority?: Authority | null,
  ): Promise<MemberChange | null>
  /**
   * Those of the organization, in order of `created_at`, then `invitation_id`; also expired ones.
   */
  listInvitations(org_id: string): Promise<readonly Invitation[]>
  findInvitation(token_digest: string): Promise<Invitation | null>
  /**
   * Replaces the organization's invitation of the same address, if there is one.
   *
   * @param create synchronous and pure; what it throws comes out unchanged, with nothing written.
   * @throws StoreConflict when there is no such organization.
   */
  createInvitation(
    org_id: string,
    create: (invited: Invited) => Audited<Invitation>,
    authority?: Authority | null,
  ): Promise<Invitation>
  /** Null, and no change, when the organization has no such invitation. */
  deleteInvitation(
    org_id: string,
    invitation_id: string,
    remove: (current: Invitation) => AuditDraft,
    authority?: Authority | null,
  ): Promise<Invitation | null>
  /**
   * Removes the invitation and adds the member in one unit, so that it is used once. Null, and no
   * change, when there is no such invitation.
   *
   * @param accept gets the members too; what it throws comes out unchanged, with nothing written.
   */
  acceptInvitation(
    token_digest: string,
    accept: (invitation: Invitation, members: readonly Member[]) => Audited<Member>,
  ): Promise<Member | null>
  /**
   * Changes whether a person is disabled, and ends sessions. Null, and no change, when there is no
   * such person or `update` returns null.
   *
   * @param update synchronous and pure; what it throws comes out unchanged, with nothing written.
   */
  updatePerson(
    person_id: string,
    update: (current: Person) => PersonChange | null,
  ): Promise<Person | null>
}
