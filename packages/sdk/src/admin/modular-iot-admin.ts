/** The methods of the admin client, grouped by what they are about; types only. */

import type { CallOptions } from './call-options.ts'
import type { PeopleAdmin } from './people-admin.ts'
import type {
  Activity,
  AddedSecret,
  Audience,
  AuditCheckpoint,
  AuditEntry,
  BulkResult,
  ChangeResult,
  Client,
  ClientChange,
  ClientUsage,
  CreatedClient,
  Hygiene,
  ListedClient,
  LoginAddress,
  ManyChange,
  NewClient,
  NextToken,
  NextTokenRequest,
  Refusal,
  Retention,
  ServerVersion,
  UsedSecret,
  WastefulClient,
} from './records.ts'

export interface CreateManyOptions extends CallOptions {
  /** Creates nothing: the result of a client that would be created has the status `valid`. */
  readonly dryRun?: boolean | undefined
}

export interface ChangeOptions extends CallOptions {
  /**
   * A change with the same key is carried out once, for a day. Default: a new key for each call,
   * which covers its retries. Set it to repeat a call after a restart.
   */
  readonly idempotencyKey?: string | undefined
}

export interface UpdateOptions extends CallOptions {
  /** The `version` the change is based on: RefusedError 412 when it has changed since. */
  readonly ifVersion?: number | undefined
}

export interface PageQuery extends CallOptions {
  /** 1 to 500. */
  readonly limit?: number | undefined
  /** `next_cursor` of the previous page, with the other members unchanged. */
  readonly cursor?: string | null | undefined
}

export interface ClientsQuery extends CallOptions {
  /** Part of the name, the client_id or the external_id. */
  readonly search?: string | undefined
  readonly tag?: string | undefined
  readonly status?: Client['status'] | undefined
  readonly external_id?: string | undefined
  /** Only clients that were not used yet. */
  readonly never_used?: true | undefined
  /** Last used before this time (ISO 8601 with a zone), or not used and created before it. */
  readonly unused_since?: string | undefined
  /** With a refused request since this time. */
  readonly failing_since?: string | undefined
  /** With a secret that ends between now and this time. */
  readonly secret_ends_before?: string | undefined
}

export interface ActivityQuery extends CallOptions {
  readonly client_id?: string | undefined
  /** ISO 8601 with a zone. Default: 7 days before `to`. */
  readonly from?: string | undefined
  /** Default: now. */
  readonly to?: string | undefined
}

export interface RefusalQuery extends CallOptions {
  readonly client_id?: string | undefined
  readonly kind?: string | undefined
  /** ISO 8601 with a zone. Default: 7 days ago. */
  readonly since?: string | undefined
}

export interface AuditQuery extends CallOptions {
  /** The id of what was changed, such as a client_id. */
  readonly target?: string | undefined
  /** Such as `secret.added`. */
  readonly action?: string | undefined
}

/** The last page has null as `next_cursor`; any page may hold fewer entries than requested. */
export interface ClientsPage {
  readonly clients: readonly ListedClient[]
  readonly next_cursor: string | null
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[]
  readonly next_cursor: string | null
}

export interface ClientAdmin {
  /** All of them, a page at a time as the loop goes on. */
  list(query?: ClientsQuery): AsyncIterable<ListedClient>
  /** One page, for a program that shows pages. */
  page(query?: ClientsQuery & PageQuery): Promise<ClientsPage>
  /** Null when there is no such client. */
  get(client_id: string, options?: CallOptions): Promise<Client | null>
  /** @throws RefusedError 409 when its `external_id` is taken. */
  create(client: NewClient, options?: ChangeOptions): Promise<CreatedClient>
  /**
   * Any number of clients, a few hundred per request, with a result for each in order. A line that
   * is refused does not keep the others from being created.
   *
   * Not retried: give each an `external_id` and run it again, and those created before answer
   * `exists`.
   */
  createMany(
    clients: Iterable<NewClient> | AsyncIterable<NewClient>,
    options?: CreateManyOptions,
  ): AsyncIterable<BulkResult>
  /**
   * One change for any number of clients, a hundred per request, with a result for each in order. A
   * client that is refused does not keep the others from being changed. Ends after the request of a
   * `stopped` result; a loop that is left sends no further request.
   */
  changeMany(
    client_ids: Iterable<string>,
    change: ManyChange,
    options?: ChangeOptions,
  ): AsyncIterable<ChangeResult>
  /** Changes only what is named; its grants too. Not retried. */
  update(client_id: string, change: ClientChange, options?: UpdateOptions): Promise<Client>
  /** Its tokens are revoked, and it gets no others. Not retried. */
  disable(client_id: string, options?: UpdateOptions): Promise<Client>
  enable(client_id: string, options?: UpdateOptions): Promise<Client>
  /**
   * Its tokens are revoked, and it cannot come back. Its telemetry stays. Not retried.
   *
   * @returns the client as it was.
   */
  delete(client_id: string, options?: CallOptions): Promise<Client>
  /** The tokens it got, and the use of its secrets. */
  usage(client_id: string, options?: CallOptions): Promise<ClientUsage>
  /** Where it logged in from lately, the last first; 50 are kept. */
  addresses(client_id: string, options?: CallOptions): Promise<readonly LoginAddress[]>
  /** What its next token would contain, or why its login would be refused. Nothing is signed. */
  nextToken(client_id: string, request?: NextTokenRequest & CallOptions): Promise<NextToken>
  /** Revokes every token of the client; it may get new ones immediately. */
  revokeTokens(client_id: string, options?: ChangeOptions): Promise<Client>
}

export interface NewSecretOptions extends ChangeOptions {
  readonly label?: string | undefined
}

export interface SecretAdmin {
  /** Without their texts, with when each was last used. */
  list(client_id: string, options?: CallOptions): Promise<readonly UsedSecret[]>
  /** @param options `expires_at` is ISO 8601 with a zone; null: never. */
  add(
    client_id: string,
    options?: NewSecretOptions & { readonly expires_at?: string | null | undefined },
  ): Promise<AddedSecret>
  /** Adds a secret, and ends all others after the overlap; 0 ends them now. */
  rotate(
    client_id: string,
    options: NewSecretOptions & { readonly overlap_seconds: number },
  ): Promise<AddedSecret>
  /** Ends it now. Not retried. */
  revoke(client_id: string, secret_id: string, options?: CallOptions): Promise<Client>
}

/**
 * Administers the organization and environment of its own token. Failures that may pass are
 * retried where a repetition cannot do harm: reading, and changes under an idempotency key.
 *
 * @throws RefusedError (400, 404, 409, 412), AccessDeniedError, RateLimitedError, ServerError,
 *   NetworkError, TimeoutError; the token's errors; RangeError for an id that is empty, `.` or
 *   `..`.
 */
export interface ModularIoTAdmin extends PeopleAdmin {
  readonly clients: ClientAdmin
  readonly secrets: SecretAdmin
  readonly audiences: { list(options?: CallOptions): Promise<readonly Audience[]> }
  readonly usage: {
    /** Clients that do not cache their tokens, worst first. @param options `limit` to 500. */
    wasteful(
      options?: CallOptions & { readonly limit?: number | undefined },
    ): Promise<readonly WastefulClient[]>
  }
  readonly activity: {
    hygiene(options?: CallOptions): Promise<Hygiene>
    /** By the hour, or by the day for one client. */
    get(query?: ActivityQuery): Promise<Activity>
    /** Newest first, a page at a time as the loop goes on. */
    refusals(query?: RefusalQuery): AsyncIterable<Refusal>
  }
  readonly audit: {
    /** Newest first, a page at a time as the loop goes on. */
    list(query?: AuditQuery): AsyncIterable<AuditEntry>
    page(query?: AuditQuery & PageQuery): Promise<AuditPage>
    checkpoint(options?: CallOptions): Promise<AuditCheckpoint>
  }
  readonly server: {
    /** Of the instance that answers. */
    version(options?: CallOptions): Promise<ServerVersion>
    /** How long telemetry, the audit trail and refused requests are kept. */
    retention(options?: CallOptions): Promise<Retention>
  }
}
