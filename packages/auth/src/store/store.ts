/**
 * The store port: everything ModularIoT Auth remembers, and nothing about how.
 *
 * Each method is one atomic unit: it happens whole or not at all, and once it resolves it survives a
 * crash. There is no `transaction(fn)`; an updater passed in is synchronous and pure, and what it throws
 * comes out unchanged with nothing written. Whoever changes something says so for the audit trail in the
 * same unit.
 */

import type { Environment, Revocation, RevocationPage } from '@modulariot/oauth/protocol'
import type { Audience } from '../records/audience.ts'
import type { AuditDraft, AuditRow } from '../records/audit-entry.ts'
import type { Client, ClientRecord, ClientView, Organization, Tenant } from '../records/client.ts'
import type { SealedKey } from '../records/sealed-key.ts'
import type { ClientUsage, SecretUsage, UsageBatch } from '../records/usage.ts'

/** A change and what the trail says of it. */
export interface Audited<Value> {
  readonly value: Value
  readonly audit: AuditDraft
  /** What it puts on the revocation feed. */
  readonly revoke?: readonly Revocation[]
}

/**
 * Who makes a change, checked in the change's own unit: between a check before it and the change itself the
 * actor may have been cut off, by any instance.
 */
export interface Authority {
  readonly client_id: string
  /** Of the access token, and of the key that signed it. */
  readonly jti: string
  readonly kid: string
  /** Synchronous and pure. What it throws comes out unchanged, with nothing written. */
  assert(actor: ActorState): void
}

/** The actor as the store has it at the moment of the change. */
export interface ActorState {
  /** Null: there is no such client. */
  readonly client: Client | null
  /** The feed names the token or its key. A cut-off of the client is in the client itself. */
  readonly tokenRevoked: boolean
}

/** The signing keys as they are to be, with what the trail and the feed say of it. */
export interface KeyChange {
  readonly keys: readonly SealedKey[]
  readonly audit: readonly AuditDraft[]
  readonly revoke?: readonly Revocation[]
}

/** What may be out of date in somebody's memory. */
export interface StoreChange {
  /** Clients that were changed (new ones nobody can have kept); `all` when they are too many to name. */
  readonly clients: readonly string[] | 'all'
  /** Signing keys, or the audiences that say which algorithms need one. */
  readonly keys: boolean
  readonly revocations: boolean
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

/** What a request under an `Idempotency-Key` did. */
export interface IdempotentAnswer {
  /** Of what was asked. */
  readonly digest: string
  /** The client right after the change. */
  readonly client: ClientView
  /** When it no longer counts, Unix seconds; it may still be found until the next sweep. */
  readonly until: number
}

/** The oldest rows of the trail, to be replaced by a checkpoint. */
export interface AuditCut {
  readonly last: Pick<AuditRow, 'seq' | 'hash'>
  /** Signed, of `last`. */
  readonly checkpoint: string
  readonly audit: AuditDraft
}

export interface UsedAssertion {
  readonly client_id: string
  readonly jti: string
  /** Until when it must be remembered, whole Unix seconds. */
  readonly until: number
}

/** One token more for a client that has a quota, in the UTC hour and day with these numbers. */
export interface QuotaTake {
  readonly client_id: string
  readonly hour: number
  readonly day: number
  /** Null: no bound. */
  readonly tokens_per_hour: number | null
  readonly tokens_per_day: number | null
  /** Refuse what is above a bound; otherwise it is only counted. */
  readonly enforce: boolean
}

/** The client's tokens in its hour and day, this one included if it was taken. */
export interface QuotaCount {
  readonly taken: boolean
  readonly hour_tokens: number
  readonly day_tokens: number
}

/** A token to be put on the feed by whoever holds it. */
export interface TokenRevocation {
  readonly jti: string
  readonly client_id: string
  /** Its `exp`. */
  readonly expires: number
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
   * @param authority null or left out, here and below: the operator or the server, who has none to check.
   * @throws StoreConflict, and makes none, when an id is taken or an organization does not exist.
   */
  createClients(
    clients: readonly Audited<Client>[],
    authority?: Authority | null,
  ): Promise<CreateOutcome[]>
  findClient(client_id: string): Promise<ClientRecord | null>
  /** In order of `client_id`. A page may hold fewer than `limit`, even none: only `next` null is the end. */
  listClients(query: ClientQuery): Promise<ClientPage>
  /** Replaces the client by what `update` makes of it; null, and nothing, when there is none. */
  updateClient(
    client_id: string,
    update: (current: Client) => Audited<Client>,
    authority?: Authority | null,
  ): Promise<Client | null>

  /**
   * Remembers that a client assertion was used; false when it was before, by whichever instance. Tells no
   * listener: nobody keeps it in memory.
   *
   * @param nowSeconds Unix seconds; what needs no remembering any more is forgotten on the way.
   */
  useAssertion(assertion: UsedAssertion, nowSeconds: number): Promise<boolean>

  /**
   * Counts one token against a client's quota, or counts nothing when a bound is reached and enforced.
   * Exact over all instances. Tells no listener.
   */
  takeQuota(take: QuotaTake): Promise<QuotaCount>

  /**
   * Puts one token on the feed; `already` when it is there. Not in the audit trail: a client may do it to
   * each of its tokens.
   *
   * @param maxLiving `too_many`, and nothing, when so many tokens of this client are on the feed.
   */
  revokeToken(
    token: TokenRevocation,
    maxLiving: number,
  ): Promise<'revoked' | 'already' | 'too_many'>
  /** Whether the feed names this token itself. */
  isTokenRevoked(jti: string): Promise<boolean>
  /**
   * What came onto the feed behind the cursor and has not expired, in the order in which it came.
   *
   * @param after null, or a cursor this feed does not know (it was restored from a backup, or the entry has
   *   expired): from the beginning.
   */
  readRevocations(query: {
    after: string | null
    limit: number
    nowSeconds: number
  }): Promise<RevocationPage>

  /**
   * Forgets used assertions, feed entries and idempotent answers that have expired, at most `limit` of each; how
   * many it was.
   * While another instance is at it, none. Tells no listener.
   */
  sweep(nowSeconds: number, limit: number): Promise<number>

  /** Adds to the counters. Tells no listener. */
  addUsage(batch: UsageBatch): Promise<void>
  /** What is known of a client and of the secrets it has. */
  usageOf(client_id: string): Promise<{ client: ClientUsage | null; secrets: SecretUsage[] }>
  /** In order of `client_id`. */
  listUsage(query: UsageQuery): Promise<UsagePage>

  /**
   * Replaces the signing keys by what `update` makes of them, and returns those in force. Null leaves all
   * as it is. In order of making.
   */
  updateSigningKeys(
    update: (current: readonly SealedKey[]) => KeyChange | null,
  ): Promise<readonly SealedKey[]>

  /** What was done to something that is kept elsewhere. Tells no listener. */
  recordAudit(audit: AuditDraft): Promise<void>
  /** Newest first. */
  listAudit(query: AuditQuery): Promise<AuditRow[]>
  /**
   * What the tenant's change under this `Idempotency-Key` is answered with again, for a day. Kept in the unit of
   * a change to a client whose entry has the key; one that is used again within the day is a `StoreConflict`.
   */
  findIdempotent(
    tenant: Tenant,
    key: string,
    authority?: Authority | null,
  ): Promise<IdempotentAnswer | null>
  /** The signed checkpoint of the last row that was cut from the trail; null: no row ever was. */
  readAuditBase(): Promise<string | null>
  /**
   * Removes the rows up to `last`, keeps the checkpoint in their place and appends the entry that tells of it.
   * False, and nothing, when there is no such row: another instance has cut it. Tells no listener.
   */
  cutAudit(cut: AuditCut): Promise<boolean>
  /** In order of `seq`, behind `after`; null: all there are, also at a place that we give to none. */
  readAudit(page: { after: number | null; limit: number }): Promise<AuditRow[]>

  /**
   * Calls `listener` within a second of any change to clients, audiences, keys or revocations, whoever made
   * it. Returns a function that stops it.
   */
  onChange(listener: (change: StoreChange) => void): () => void
  /**
   * Milliseconds for which a change may have been made and not told, because the store was out of reach; 0
   * while all is well. Counted while somebody listens.
   */
  silentForMs(): number

  close(): Promise<void>
}
