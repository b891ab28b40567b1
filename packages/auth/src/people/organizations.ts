/** Use cases for a person's organizations: make or take over one, show it, rename it. */

import { type AdminContext, auditDraft } from '../admin/context.ts'
import { auditedOrganization, newOrganization } from '../admin/installation.ts'
import { changesOf } from '../audit/changes.ts'
import { AdminError } from '../errors/admin-error.ts'
import type { Organization } from '../records/client.ts'
import { NAME_LENGTH } from '../records/client-limits.ts'
import type { Member } from '../records/member.ts'
import type { Audited } from '../store/ports/audited-change.ts'
import type { MemberStore } from '../store/ports/members.ts'
import type { OrganizationStore } from '../store/ports/organizations.ts'
import { assertNoLink, assertPlainText } from '../text/plain-text.ts'

/** The person of a change, as the trail names it. */
export interface ActingPerson {
  readonly person_id: string
  /** Lower case. */
  readonly email: string
}

/** The server's context, acting for a person. */
export function actingFor<Store>(
  { person_id, email }: ActingPerson,
  context: AdminContext<Store>,
): AdminContext<Store> {
  return { ...context, actor: { kind: 'person', person_id, email } }
}

/**
 * Makes the person the owner of the installation's first organization, which is created when there
 * is none.
 *
 * @param name of the organization, if it is created.
 * @returns null, and no change, when an organization has a member.
 * @throws AdminError naming what to change.
 */
export async function claimInstallation(
  person: ActingPerson,
  name: string,
  context: AdminContext<MemberStore>,
): Promise<Member | null> {
  const by = actingFor(person, context)
  const fresh = newOrganization(name)
  return context.store.claimInstallation((existing) => ({
    organization: auditedOrganization(fresh, by),
    owner: auditedMember(person, 'owner', (existing ?? fresh).org_id, by),
  }))
}

/** @throws AdminError naming what to change. */
export async function createOrganizationOf(
  person: ActingPerson,
  name: string,
  context: AdminContext<MemberStore>,
): Promise<Organization> {
  const by = actingFor(person, context)
  const organization = newOrganization(name)
  const owner = auditedMember(person, 'owner', organization.org_id, by)
  await context.store.createOrganizationOf(auditedOrganization(organization, by), owner)
  return organization
}

/** A new member, with the entry of the trail. */
export function auditedMember(
  { person_id, email }: ActingPerson,
  role: Member['role'],
  org_id: string,
  context: AdminContext<unknown>,
): Audited<Member> {
  const created_at = new Date(context.now()).toISOString()
  return {
    value: { org_id, person_id, role, created_at },
    audit: auditDraft(context, {
      action: 'member.added',
      target: { type: 'member', id: person_id },
      org_id,
      environment: null,
      before: null,
      after: { email, role },
    }),
  }
}

/** @throws AdminError `not_found`. */
export async function getOrganization(
  org_id: string,
  { store }: AdminContext<OrganizationStore>,
): Promise<Organization> {
  const organizations = await store.listOrganizations()
  return organizations.find((one) => one.org_id === org_id) ?? noOrganization(org_id)
}

/** @throws AdminError `not_found`, or naming what to change. */
export async function renameOrganization(
  org_id: string,
  name: string,
  context: AdminContext<OrganizationStore>,
): Promise<Organization> {
  const trimmed = name.trim()
  assertPlainText('name', trimmed, NAME_LENGTH)
  assertNoLink('name', trimmed)
  const rename = (current: Organization): Audited<Organization> => {
    const value = { ...current, name: trimmed }
    return {
      value,
      audit: auditDraft(context, {
        action: 'organization.renamed',
        target: { type: 'organization', id: org_id },
        org_id,
        environment: null,
        ...changesOf(current, value),
      }),
    }
  }
  const { store, authority } = context
  return (await store.updateOrganization(org_id, rename, authority)) ?? noOrganization(org_id)
}

function noOrganization(org_id: string): never {
  throw new AdminError(
    'not_found',
    `There is no organization ${org_id.slice(0, 100)}`,
    'There is no such organization',
  )
}
