/** The port for organizations. */

import type { Client, Organization } from '../../records/client.ts'
import type { Audited } from './audited-change.ts'

export interface OrganizationStore {
  /**
   * Creates the first organization with its first client; false, and no change, when any exists.
   */
  createFirst(organization: Audited<Organization>, client: Audited<Client>): Promise<boolean>
  /** @throws StoreConflict when the id is taken. */
  createOrganization(organization: Audited<Organization>): Promise<void>
  listOrganizations(): Promise<Organization[]>
}
