/** The port for clients. */

import type { Environment } from '@modulariot/oauth/protocol'
import type { Client, ClientRecord } from '../../records/client.ts'
import type { Audited, Authority } from './audited-change.ts'

/** ISO 8601: `from` <= time < `before`. */
export interface Period {
  readonly from: string
  readonly before: string
}

/** Filters for clients; one that is left out does not narrow. */
export interface ClientQuery {
  readonly org_id?: string | undefined
  readonly environment?: Environment | undefined
  readonly status?: Client['status'] | undefined
  readonly tag?: string | undefined
  readonly external_id?: string | undefined
  /** Part of the name, the `client_id` or the `external_id`; ignores case. */
  readonly search?: string | undefined
  /** Clients that have not been used yet. */
  readonly never_used?: true | undefined
  /**
   * ISO 8601. Clients last used before this time; one that was never used counts from its creation.
   */
  readonly unused_since?: string | undefined
  /** ISO 8601. Clients with a refused request since this time. */
  readonly failing_since?: string | undefined
  /** Clients with a secret that ends between these times. */
  readonly secret_ends?: Period | undefined
  /** Return clients after this id. */
  readonly after: string | null
  readonly limit: number
}

export interface ClientPage {
  readonly clients: readonly Client[]
  /**
   * When each of them was last used, ISO 8601: got a token, or authenticated with one of its
   * secrets. Without an entry: never. The counters are written every few seconds.
   */
  readonly lastUses: ReadonlyMap<string, string>
  /** Pass as `after` for the next page; null on the last. */
  readonly next: string | null
}

/** `created`, or the client of the tenant that already has this `external_id`. */
export type CreateOutcome =
  | { readonly created: true }
  | { readonly created: false; readonly existing: Client }

export interface ClientLookup {
  findClient(client_id: string): Promise<ClientRecord | null>
}

/** For logins. */
export interface FleetLookup {
  /**
   * Reads the clients with these ids, in one statement; the results are in the order of the ids.
   *
   * A statement finds an id that does not exist sooner than a client, and its time alone would
   * reveal which ids exist. So the client `decoy` is read in place of one that does not exist: the
   * caller compares the ids. Null when there is no such decoy either.
   */
  readClients(client_ids: readonly string[], decoy: string): Promise<(ClientRecord | null)[]>
}

export interface ClientStore extends ClientLookup, FleetLookup {
  /**
   * Creates all of them, except those whose `external_id` the tenant already has; these get no row
   * and no audit entry.
   *
   * @param authority null or left out, here and below: the operator or the server, which need no
   *   check.
   * @throws StoreConflict, and creates none, when an id is taken or an organization does not exist.
   */
  createClients(
    clients: readonly Audited<Client>[],
    authority?: Authority | null,
  ): Promise<CreateOutcome[]>
  /**
   * In order of `client_id`. A page may hold fewer than `limit`, even none; only a null `next` is
   * the end.
   */
  listClients(query: ClientQuery): Promise<ClientPage>
  /**
   * Replaces the client by the result of `update`; null, and no change, when there is no such
   * client.
   */
  updateClient(
    client_id: string,
    update: (current: Client) => Audited<Client>,
    authority?: Authority | null,
  ): Promise<Client | null>
  /**
   * Removes the client with its counters, its quota and its used assertions. What the trail and the
   * revocation feed hold of it stays. Null, and no change, when there is no such client.
   *
   * @param remove must end its tokens: caches forget the client by that entry of the feed.
   */
  deleteClient(
    client_id: string,
    remove: (current: Client) => Audited<Client>,
    authority?: Authority | null,
  ): Promise<Client | null>
}
