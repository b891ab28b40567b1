/** The port for organizations. */

import type { Client, Organization } from '../../records/client.ts'
import type { Audited, Authority } from './audited-change.ts'

export interface OrganizationStore {
  /**
   * Creates the first organization with its first client; false, and no change, when any exists.
   */
  createFirst(organization: Audited<Organization>, client: Audited<Client>): Promise<boolean>
  /** @throws StoreConflict when the id is taken. */
  createOrganization(organization: Audited<Organization>): Promise<void>
  listOrganizations(): Promise<Organization[]>
  /**
   * Null, and no change, when there is no such organization.
   *
   * @param update synchronous and pure; what it throws comes out unchanged, with nothing written.
   */
  updateOrganization(
    org_id: string,
    update: (current: Organization) => Audited<Organization>,
    authority?: Authority | null,
  ): Promise<Organization | null>
}
