/**
 * The port of administration: operations available both on the server's machine (local.ts) and
 * through the admin API (remote.ts).
 */

import type {
  AddedSecret,
  AuditEntry,
  BulkResult,
  ClientChange,
  ClientInput,
  ClientQuery,
  ClientView,
  CreatedClient,
  SignedCheckpoint,
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

export interface Admin {
  createClient(input: ClientInput, tenant: NewClientTenant): Promise<CreatedClient>
  createClients(inputs: readonly unknown[], tenant: NewClientTenant): Promise<BulkResult[]>
  listClients(query: ClientQuery): Promise<{ clients: ClientView[]; next: string | null }>
  getClient(client_id: string): Promise<ClientView>
  /** @param ifVersion version that the change is based on. */
  updateClient(client_id: string, change: ClientChange, ifVersion: number): Promise<ClientView>
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
  wastefulClients(): Promise<WastefulClient[]>
  listAudit(query: { limit: number; target?: string; action?: string }): Promise<AuditLine[]>
  auditCheckpoint(): Promise<CheckpointAnswer>
}
