/**
 * The caller of an administrative use case: actor, tenant, scopes. `miot` on the server and the
 * admin API run the same use cases and differ only in this.
 */

import { changesOf } from '../audit/changes.ts'
import { AdminError } from '../errors/admin-error.ts'
import type { Actor, AuditAction, AuditDraft } from '../records/audit-entry.ts'
import type { Client, Tenant } from '../records/client.ts'
import type { Role } from '../records/member.ts'
import type { ActivityStore } from '../store/ports/activity.ts'
import type { AudienceStore } from '../store/ports/audiences.ts'
import type { Audited } from '../store/ports/audited-change.ts'
import type { ClientStore } from '../store/ports/clients.ts'
import type { IdempotentAnswers } from '../store/ports/idempotency.ts'
import type { InstanceStore } from '../store/ports/instances.ts'
import type { MemberStore } from '../store/ports/members.ts'
import type { OrganizationStore } from '../store/ports/organizations.ts'
import type { SecretMoveStore } from '../store/ports/secret-moves.ts'
import type { SigningKeyStore } from '../store/ports/signing-keys.ts'
import type { TrailStore } from '../store/ports/trail.ts'
import type { UsageStore } from '../store/ports/usage.ts'
import type { AdminAuthority } from './authority.ts'
import { isAdminScope } from './scopes.ts'

/** The ports that administration uses. */
export type AdminStore = OrganizationStore &
  ActivityStore &
  MemberStore &
  AudienceStore &
  ClientStore &
  UsageStore &
  SecretMoveStore &
  InstanceStore &
  SigningKeyStore &
  TrailStore &
  IdempotentAnswers

/** A use case names the ports it uses; `unknown`: none. */
export interface AdminContext<Store = AdminStore> {
  readonly store: Store
  readonly digestKey: Uint8Array
  /** Unix milliseconds. */
  readonly now: () => number
  readonly actor: Actor
  /** The tenant the caller sees and changes; null: the whole installation, for the operator. */
  readonly tenant: Tenant | null
  readonly address: string | null
  readonly request_id: string | null
  readonly idempotency: AuditDraft['idempotency']
  /** The scopes the caller holds at the admin API; null: everything is allowed. */
  readonly scopes: readonly string[] | null
  /** A person's; null: the caller is not a person. */
  readonly role: Role | null
  /**
   * Checked in the store with each change; null: the operator or the server, who need no check.
   */
  readonly authority: AdminAuthority | null
}

/** The server itself: everything is allowed, and no authority is checked. */
export function systemContext<Store>(
  deps: Pick<AdminContext<Store>, 'store' | 'digestKey' | 'now'>,
): AdminContext<Store> {
  return {
    ...deps,
    actor: { kind: 'system' },
    tenant: null,
    address: null,
    request_id: null,
    idempotency: null,
    scopes: null,
    role: null,
    authority: null,
  }
}

/** An audit entry with the context's actor. */
export function auditDraft(
  context: AdminContext<unknown>,
  what: Pick<AuditDraft, 'action' | 'target' | 'org_id' | 'environment' | 'before' | 'after'>,
): AuditDraft {
  return {
    at: new Date(context.now()).toISOString(),
    actor: context.actor,
    ...what,
    address: context.address,
    request_id: context.request_id,
    idempotency: context.idempotency,
  }
}

/** A change to a client (`before` null: its creation), with an entry that holds what changed. */
export function auditedClient(
  context: AdminContext<unknown>,
  action: AuditAction,
  before: object | null,
  value: Client,
  after: object,
): Audited<Client> {
  const { client_id, org_id, environment } = value
  const target = { type: 'client', id: client_id } as const
  return {
    value,
    audit: auditDraft(context, {
      ...{ action, target, org_id, environment },
      ...changesOf(before, after),
    }),
  }
}

/** @throws AdminError `not_found`, also for a client of another tenant. */
export function assertVisible<Found extends Tenant>(
  context: AdminContext<unknown>,
  client_id: string,
  found: Found | null,
): Found {
  const { tenant } = context
  const visible =
    found !== null &&
    (tenant === null ||
      (found.org_id === tenant.org_id && found.environment === tenant.environment))
  if (!visible) throw noSuchClient(client_id)
  return found
}

export function noSuchClient(client_id: string): AdminError {
  return new AdminError('not_found', `There is no client ${client_id.slice(0, 100)}`)
}

/**
 * Prevents escalation: a client that holds scopes of the admin API is administered only by callers
 * that hold all of them.
 *
 * The scopes decide, whatever the audience: an installation whose issuer has changed has two admin
 * audiences. A client that may introspect other clients' tokens sees into every organization, so
 * only the operator administers it.
 *
 * @throws AdminError `forbidden`.
 */
export function assertNoEscalation(
  context: AdminContext<unknown>,
  client: Pick<Client, 'grants' | 'resource_server_for'>,
): void {
  const held = context.scopes
  if (held === null) return
  if (client.resource_server_for.length > 0) {
    throw new AdminError(
      'forbidden',
      'Resource servers can only be administered on the machine that runs ModularIoT Auth',
    )
  }
  const powers = client.grants.flatMap(({ scopes }) => scopes).filter(isAdminScope)
  const missing = powers.filter((scope) => !held.includes(scope))
  if (missing.length > 0) {
    throw new AdminError(
      'forbidden',
      `Only scopes you hold can be granted; you lack ${missing.join(' ')}`,
    )
  }
}
