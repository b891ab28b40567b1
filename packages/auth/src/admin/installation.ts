/** Use cases for the whole installation: organizations and audiences. */

import { createId } from '../clients/secret.ts'
import { AdminError } from '../errors/admin-error.ts'
import { type Audience, assertAudience } from '../records/audience.ts'
import type { Organization } from '../records/client.ts'
import { NAME_LENGTH } from '../records/client-limits.ts'
import type { AudienceStore } from '../store/ports/audiences.ts'
import type { Audited } from '../store/ports/audited-change.ts'
import type { OrganizationStore } from '../store/ports/organizations.ts'
import { assertPlainText } from '../text/plain-text.ts'
import { type AdminContext, auditDraft } from './context.ts'

export async function createOrganization(
  name: string,
  context: AdminContext<OrganizationStore>,
): Promise<Organization> {
  const organization = newOrganization(name)
  await context.store.createOrganization(auditedOrganization(organization, context))
  return organization
}

/** @throws AdminError naming what to change. */
export function newOrganization(name: string): Organization {
  const trimmed = name.trim()
  assertPlainText('name', trimmed, NAME_LENGTH)
  return { org_id: createId('org'), name: trimmed }
}

export function auditedOrganization(
  value: Organization,
  context: AdminContext<unknown>,
): Audited<Organization> {
  const { org_id } = value
  const target = { type: 'organization', id: org_id } as const
  return {
    value,
    audit: auditDraft(context, {
      action: 'organization.created',
      target,
      org_id,
      environment: null,
      before: null,
      after: value,
    }),
  }
}

/** @throws AdminError `conflict` when an audience has that name. */
export async function createAudience(
  audience: Audience,
  context: AdminContext<AudienceStore>,
): Promise<Audience> {
  if (!(await ensureAudience(audience, context))) {
    throw new AdminError('conflict', `The audience ${audience.audience} already exists`)
  }
  return audience
}

/** False, and no change, when an audience has that name. */
export async function ensureAudience(
  audience: Audience,
  context: AdminContext<AudienceStore>,
): Promise<boolean> {
  assertAudience(audience)
  return context.store.createAudience({
    value: audience,
    audit: auditDraft(context, {
      action: 'audience.created',
      target: { type: 'audience', id: audience.audience },
      org_id: null,
      environment: null,
      before: null,
      after: audience,
    }),
  })
}
