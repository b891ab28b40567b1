/** The methods of the admin client about the organization and its members; types only. */

import type { CallOptions } from './call-options.ts'
import type {
  CreatedInvitation,
  Invitation,
  Member,
  Organization,
  Role,
  SigningKey,
} from './people-records.ts'

export interface OrganizationAdmin {
  /** The token's. */
  get(options?: CallOptions): Promise<Organization>
  /** Not retried. */
  rename(name: string, options?: CallOptions): Promise<Organization>
}

export interface MemberAdmin {
  /** In the order in which they joined. */
  list(options?: CallOptions): Promise<readonly Member[]>
  /**
   * Not retried.
   *
   * @throws AccessDeniedError for a role with more than the token has, and for owners: only an
   *   owner makes or unmakes them; RefusedError 409 for the last one.
   */
  changeRole(person_id: string, role: Role, options?: CallOptions): Promise<Member>
  /** Not retried. @returns the member as it was. @throws as `changeRole`. */
  remove(person_id: string, options?: CallOptions): Promise<Member>
}

export interface InvitationAdmin {
  /** Those that can still be accepted. */
  list(options?: CallOptions): Promise<readonly Invitation[]>
  /** For seven days; ends an earlier one of the same address. Not retried. */
  create(
    invitation: { readonly email: string; readonly role: Role },
    options?: CallOptions,
  ): Promise<CreatedInvitation>
  /** Not retried. */
  revoke(invitation_id: string, options?: CallOptions): Promise<Invitation>
}

export interface PeopleAdmin {
  readonly organization: OrganizationAdmin
  readonly members: MemberAdmin
  readonly invitations: InvitationAdmin
  readonly keys: { list(options?: CallOptions): Promise<readonly SigningKey[]> }
}
