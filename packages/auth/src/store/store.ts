/**
 * The store port: everything ModularIoT Auth remembers, and nothing about how.
 *
 * Each method is one atomic unit: it happens whole or not at all, and once it resolves it survives a
 * crash. There is no `transaction(fn)`; an updater passed in is synchronous and pure.
 */

import type { Audience } from '../audiences/audience.ts'
import type { Client, ClientRecord, Grant, Organization, StoredSecret } from '../clients/client.ts'
import type { SealedKey } from '../keys/sealed-key.ts'

export interface NewClientRows {
  readonly client: Client
  readonly grants: readonly Grant[]
  readonly secret: StoredSecret
}

export interface ClientPage {
  readonly clients: readonly Client[]
  /** Pass as `after` for the next page; null on the last. */
  readonly next: string | null
}

export interface AuthStore {
  /** @throws StoreUnavailable when the store cannot answer. */
  ping(): Promise<void>

  /** Makes the first organization with its first client; false, and nothing, when any exists. */
  createFirst(organization: Organization, first: NewClientRows): Promise<boolean>
  listOrganizations(): Promise<Organization[]>

  /** Makes the audience unless there is one of that name; an existing one is left as it is. */
  ensureAudience(audience: Audience): Promise<void>
  listAudiences(): Promise<Audience[]>

  /** @throws StoreConflict when the id is taken, or its organization or an audience does not exist. */
  createClient(rows: NewClientRows): Promise<void>
  findClient(client_id: string): Promise<ClientRecord | null>
  /** In order of `client_id`. */
  listClients(page: { after: string | null; limit: number }): Promise<ClientPage>

  /**
   * Replaces the signing keys by what `update` makes of them, and returns that. Nothing is written when
   * it returns the array it was given.
   */
  updateSigningKeys(
    update: (current: readonly SealedKey[]) => readonly SealedKey[],
  ): Promise<readonly SealedKey[]>

  /**
   * Calls `listener` within a second of any change to clients, audiences or keys, whoever made it.
   * Returns a function that stops it.
   */
  onChange(listener: () => void): () => void

  close(): Promise<void>
}
