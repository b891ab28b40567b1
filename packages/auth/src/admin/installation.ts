/** Use cases for the whole installation: organizations and audiences. */

import { changesOf } from '../audit/changes.ts'
import { createId } from '../clients/secret.ts'
import { AdminError, invalidInput } from '../errors/admin-error.ts'
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
  return context.store.createAudience(auditedAudience(null, audience, context))
}

/** Only the named members are changed. */
export interface AudienceChange {
  /** In addition to those it has. */
  readonly add_scopes?: readonly string[] | undefined
  readonly token_lifetime_seconds?: number | undefined
  readonly token_typ?: Audience['token_typ'] | undefined
}

/**
 * Changes the rules of the tokens issued from now on; issued tokens keep theirs.
 *
 * Scopes are only added, since clients hold them in their grants, and the algorithm stays, since a
 * key that verifiers have not seen would sign at once. An audience takes tokens of every
 * organization, so an administrator of one must not change it.
 *
 * @throws AdminError `forbidden`, `not_found`, or `invalid_input` naming the field.
 */
export async function updateAudience(
  audience: string,
  change: AudienceChange,
  context: AdminContext<AudienceStore>,
): Promise<Audience> {
  if (context.tenant !== null) {
    throw new AdminError('forbidden', 'Audiences can only be changed by the operator')
  }
  if (Object.values(change).every((value) => value === undefined)) {
    throw invalidInput('name what to change: scopes to add, token_lifetime_seconds or token_typ')
  }
  const updated = await context.store.updateAudience(audience, (current) =>
    auditedAudience(current, withChange(current, change), context),
  )
  if (updated !== null) return updated
  throw new AdminError('not_found', `There is no audience ${audience.slice(0, 100)}`)
}

function withChange(current: Audience, change: AudienceChange): Audience {
  const { add_scopes = [], token_lifetime_seconds, token_typ } = change
  const next = {
    ...current,
    scopes: [...new Set([...current.scopes, ...add_scopes])],
    token_lifetime_seconds: token_lifetime_seconds ?? current.token_lifetime_seconds,
    token_typ: token_typ ?? current.token_typ,
  }
  assertAudience(next)
  return next
}

/** @param before null: its creation. */
function auditedAudience(
  before: Audience | null,
  value: Audience,
  context: AdminContext<unknown>,
): Audited<Audience> {
  const changes = before === null ? { before, after: value } : changesOf(before, value)
  return {
    value,
    audit: auditDraft(context, {
      action: before === null ? 'audience.created' : 'audience.updated',
      target: { type: 'audience', id: value.audience },
      org_id: null,
      environment: null,
      ...changes,
    }),
  }
}
