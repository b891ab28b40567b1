/**
 * How long an organization's telemetry is kept. The telemetry store holds the setting, since
 * ModularIoT API may run without Auth; the change is recorded here, in the one audit trail.
 */

import { AdminError } from '../errors/admin-error.ts'
import type { OrganizationStore } from '../store/ports/organizations.ts'
import type { TrailStore } from '../store/ports/trail.ts'
import { type AdminContext, auditDraft } from './context.ts'

/** The part of the telemetry store that holds the setting. Null: the installation's retention. */
export interface RetentionStore {
  findRetention(org_id: string): Promise<number | null>
  setRetention(org_id: string, days: number | null): Promise<void>
}

/**
 * Writes the entry before the setting. The two stores share no transaction, and an entry for a
 * change that then failed does less harm than a change without an entry.
 *
 * @param days at least 1; null: the installation's retention.
 * @throws AdminError `not_found`.
 */
export async function setRetention(
  org_id: string,
  days: number | null,
  telemetry: RetentionStore,
  context: AdminContext<OrganizationStore & TrailStore>,
): Promise<void> {
  await assertOrganization(org_id, context)
  const before = await telemetry.findRetention(org_id)
  if (before === days) return
  await context.store.recordAudit(
    auditDraft(context, {
      action: 'organization.retention_changed',
      target: { type: 'organization', id: org_id },
      org_id,
      environment: null,
      before: { retention_days: before },
      after: { retention_days: days },
    }),
  )
  await telemetry.setRetention(org_id, days)
}

/** @throws AdminError `not_found`. */
export async function assertOrganization(
  org_id: string,
  { store }: AdminContext<OrganizationStore>,
): Promise<void> {
  const organizations = await store.listOrganizations()
  if (organizations.some((one) => one.org_id === org_id)) return
  throw new AdminError('not_found', `There is no organization ${org_id.slice(0, 100)}`)
}
