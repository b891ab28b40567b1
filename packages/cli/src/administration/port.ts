/**
 * The port of administration: operations available both on the server's machine (local.ts) and
 * through the admin API (remote.ts).
 */

import type {
  AddedSecret,
  Audience,
  AuditEntry,
  BulkResult,
  ChangeResult,
  ClientChange,
  ClientInput,
  ClientQuery,
  ClientView,
  CreatedClient,
  KeyView,
  ListedClient,
  LoginAddress,
  ManyChange,
  NextToken,
  NextTokenRequest,
  ShownRefusal,
  SignedCheckpoint,
  UsageOfClient,
  UsedSecret,
  WastefulClient,
} from '@modulariot/auth'
import type { Environment } from '@modulariot/oauth/protocol'

/** Owner of a new client. Left out over the network, where the token determines it. */
export interface NewClientTenant {
  readonly org?: string | undefined
  readonly environment?: Environment | undefined
}

export type AuditLine = AuditEntry & { readonly hash: string }

export type CheckpointAnswer = SignedCheckpoint & { readonly public_key: object }

export interface RefusalsQuery {
  readonly client_id?: string | undefined
  readonly kind?: string | undefined
  readonly since: string
  readonly limit: number
}

export type ListedKey = Omit<KeyView, 'held_by'> & Partial<Pick<KeyView, 'held_by'>>

export interface Admin {
  createClient(input: ClientInput, tenant: NewClientTenant): Promise<CreatedClient>
  /** A result for each, in order, as they come. */
  createClients(inputs: readonly unknown[], tenant: NewClientTenant): AsyncIterable<BulkResult>
  /** What `createClients` would answer; nothing is created. */
  checkClients(inputs: readonly unknown[], tenant: NewClientTenant): AsyncIterable<BulkResult>
  listClients(query: ClientQuery): Promise<{ clients: ListedClient[]; next: string | null }>
  getClient(client_id: string): Promise<ClientView>
  /** @param ifVersion version that the change is based on. */
  updateClient(client_id: string, change: ClientChange, ifVersion: number): Promise<ClientView>
  /** A result for each, in order, as they come; fewer only after one that is `stopped`. */
  changeClients(client_ids: readonly string[], change: ManyChange): AsyncIterable<ChangeResult>
  deleteClient(client_id: string): Promise<ClientView>
  addSecret(
    client_id: string,
    options: { label: string; expires_at: string | null },
  ): Promise<AddedSecret>
  rotateSecrets(
    client_id: string,
    options: { label: string; overlapSeconds: number },
  ): Promise<AddedSecret>
  revokeSecret(client_id: string, secret_id: string): Promise<ClientView>
  revokeTokens(client_id: string): Promise<ClientView>
  listSecrets(client_id: string): Promise<UsedSecret[]>
  clientUsage(client_id: string): Promise<UsageOfClient>
  /** The last first. */
  listAddresses(client_id: string): Promise<LoginAddress[]>
  nextToken(client_id: string, request: NextTokenRequest): Promise<NextToken>
  wastefulClients(): Promise<WastefulClient[]>
  listAudiences(): Promise<Audience[]>
  /** Over the network without what holds them, which is the operator's own affair. */
  listKeys(): Promise<ListedKey[]>
  /** Newest first. @param query `since` is ISO 8601. */
  listRefusals(query: RefusalsQuery): Promise<ShownRefusal[]>
  listAudit(query: { limit: number; target?: string; action?: string }): Promise<AuditLine[]>
  auditCheckpoint(): Promise<CheckpointAnswer>
}
