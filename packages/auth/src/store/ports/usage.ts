/** The port for usage counters of clients and their secrets. */

import type { Client, Tenant } from '../../records/client.ts'
import type { AddressUse, ClientUsage, SecretUsage, UsageBatch } from '../../records/usage.ts'

export interface UsageQuery extends Partial<Tenant> {
  /** Clients with at least this many. */
  readonly tokens_early: number
  /** Return clients after this id. */
  readonly after: string | null
  readonly limit: number
}

export interface UsagePage {
  readonly clients: readonly { readonly client: Client; readonly usage: ClientUsage }[]
  /** Pass as `after` for the next page; null on the last. */
  readonly next: string | null
}

export interface UsageStore {
  /** Adds to the counters; of each client the last `MAX_ADDRESSES` stay. Notifies no listener. */
  addUsage(batch: UsageBatch): Promise<void>
  /** The counters of a client and of its secrets. */
  usageOf(client_id: string): Promise<{ client: ClientUsage | null; secrets: SecretUsage[] }>
  /** Where a client logged in from, the last first. */
  addressesOf(client_id: string): Promise<AddressUse[]>
  /** In order of `client_id`. */
  listUsage(query: UsageQuery): Promise<UsagePage>
}
