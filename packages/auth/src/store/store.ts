/**
 * The store port: everything ModularIoT Auth remembers, and nothing about how.
 *
 * Each method is one atomic unit: it happens whole or not at all, and once it resolves it survives a
 * crash. There is no `transaction(fn)`; an updater passed in is synchronous and pure, and what it throws
 * comes out unchanged with nothing written. Whoever changes something says so for the audit trail in the
 * same unit.
 */

import type { Environment } from '@modulariot/oauth/protocol'
import type { Audience } from '../audiences/audience.ts'
import type { AuditDraft, AuditRow } from '../audit/entry.ts'
import type { Client, ClientRecord, Organization, Tenant } from '../clients/client.ts'
import type { SealedKey } from '../keys/sealed-key.ts'
import type { ClientUsage, SecretUsage, UsageBatch } from '../usage/usage.ts'

/** A change and what the trail says of it. */
export interface Audited<Value> {
  readonly value: Value
  readonly audit: AuditDraft
}

/** Which clients; what is left out does not narrow. */
export interface ClientQuery {
  readonly org_id?: string | undefined
  readonly environment?: Environment | undefined
  readonly status?: Client['status'] | undefined
  readonly tag?: string | undefined
  readonly external_id?: string | undefined
  /** Part of the name, of the `client_id` or of the `external_id`, whatever the case. */
  readonly search?: string | undefined
  /** The `client_id` to go on behind. */
  readonly after: string | null
  readonly limit: number
}

export interface ClientPage {
  readonly clients: readonly Client[]
  /** Pass as `after` for the next page; null on the last. */
  readonly next: string | null
}

/** `created`, or the client that has this tenant's `external_id` already. */
export type CreateOutcome =
  | { readonly created: true }
  | { readonly created: false; readonly existing: Client }

export interface AuditQuery {
  readonly org_id?: string | undefined
  readonly environment?: Environment | undefined
  readonly target_id?: string | undefined
  readonly action?: string | undefined
  /** Rows with a smaller `seq`; null starts with the newest. */
  readonly before: number | null
  readonly limit: number
}

export interface UsedAssertion {
  readonly client_id: string
  readonly jti: string
  /** Until when it must be remembered, whole Unix seconds. */
  readonly until: number
}

export interface UsageQuery extends Partial<Tenant> {
  /** Clients with at least so many. */
  readonly tokens_early: number
  /** The `client_id` to go on behind. */
  readonly after: string | null
  readonly limit: number
}

export interface UsagePage {
  readonly clients: readonly { readonly client: Client; readonly usage: ClientUsage }[]
  /** Pass as `after` for the next page; null on the last. */
  readonly next: string | null
}

export interface AuthStore {
  /** @throws StoreUnavailable when the store cannot answer. */
  ping(): Promise<void>

  /** Makes the first organization with its first client; false, and nothing, when any exists. */
  createFirst(organization: Audited<Organization>, client: Audited<Client>): Promise<boolean>
  /** @throws StoreConflict when the id is taken. */
  createOrganization(organization: Audited<Organization>): Promise<void>
  listOrganizations(): Promise<Organization[]>

  /** False, and nothing, when there is an audience of that name. */
  createAudience(audience: Audited<Audience>): Promise<boolean>
  listAudiences(): Promise<Audience[]>

  /**
   * Makes all of them, but those whose `external_id` the tenant has already: no row, no audit entry.
   *
   * @throws StoreConflict, and makes none, when an id is taken or an organization does not exist.
   */
  createClients(clients: readonly Audited<Client>[]): Promise<CreateOutcome[]>
  findClient(client_id: string): Promise<ClientRecord | null>
  /** In order of `client_id`. A page may hold fewer than `limit`, even none: only `next` null is the end. */
  listClients(query: ClientQuery): Promise<ClientPage>
  /** Replaces the client by what `update` makes of it; null, and nothing, when there is none. */
  updateClient(
    client_id: string,
    update: (current: Client) => Audited<Client>,
  ): Promise<Client | null>

  /**
   * Remembers that a client assertion was used; false when it was before, by whichever instance. Tells no
   * listener: nobody keeps it in memory.
   *
   * @param nowSeconds Unix seconds; what needs no remembering any more is forgotten on the way.
   */
  useAssertion(assertion: UsedAssertion, nowSeconds: number): Promise<boolean>

  /** Adds to the counters. Tells no listener. */
  addUsage(batch: UsageBatch): Promise<void>
  /** What is known of a client and of the secrets it has. */
  usageOf(client_id: string): Promise<{ client: ClientUsage | null; secrets: SecretUsage[] }>
  /** In order of `client_id`. */
  listUsage(query: UsageQuery): Promise<UsagePage>

  /**
   * Replaces the signing keys by what `update` makes of them, and returns that. Nothing is written when
   * it returns the array it was given.
   */
  updateSigningKeys(
    update: (current: readonly SealedKey[]) => readonly SealedKey[],
  ): Promise<readonly SealedKey[]>

  /** Newest first. */
  listAudit(query: AuditQuery): Promise<AuditRow[]>
  /** The entry of the tenant's change that was asked for under this `Idempotency-Key`. */
  findIdempotent(tenant: Tenant, key: string): Promise<AuditRow | null>
  /** In order of `seq`, behind `after`. */
  readAudit(page: { after: number; limit: number }): Promise<AuditRow[]>

  /**
   * Calls `listener` within a second of any change to clients, audiences or keys, whoever made it.
   * Returns a function that stops it.
   */
  onChange(listener: () => void): () => void

  close(): Promise<void>
}
