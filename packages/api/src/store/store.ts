/**
 * The store port of ModularIoT API: what machines reported, and nothing about how it is kept.
 *
 * Each method is one atomic unit. Every row and every question belongs to a tenant.
 */

import type { Environment } from '@modulariot/oauth/protocol'

/** Data belongs to (organization, environment); there is no question across two of them. */
export interface Tenant {
  readonly org_id: string
  readonly environment: Environment
}

/** One accepted request, ready to be kept. */
export interface Observation extends Tenant {
  readonly client_id: string
  /** The caller's `X-Request-Id`: one observation for each, whoever retries. */
  readonly request_id: string
  /** SHA-256 of the body, to tell a retry from a reused id. */
  readonly body_digest: Uint8Array
  readonly asset_id: string
  readonly type: string | null
  /** Device time, Unix milliseconds. */
  readonly timestamp_ms: number
  /** Our time, Unix milliseconds. */
  readonly received_ms: number
  /** The body as it was sent, JSON. */
  readonly payload: string
}

/**
 * `stored`: new and durable. `replayed`: the same request was stored before. `conflict`: its id was used
 * before with another body, and nothing is stored.
 */
export type AppendOutcome = 'stored' | 'replayed' | 'conflict'

export interface Asset {
  readonly asset_id: string
  readonly type: string | null
  /** Device time of the newest observation, Unix milliseconds. */
  readonly timestamp_ms: number
  /** When we first and last heard of it, Unix milliseconds. */
  readonly first_received_ms: number
  readonly last_received_ms: number
  /** The newest observation by device time, JSON as it was sent. */
  readonly payload: string
}

export interface AssetPage {
  readonly assets: readonly Asset[]
  /** Pass as `after` for the next page; null on the last. */
  readonly next: string | null
}

export interface TelemetryStore {
  /** @throws StoreUnavailable when the store cannot answer. */
  ping(): Promise<void>
  /**
   * Keeps a batch in one transaction; once this resolves, a crash loses none of it.
   *
   * @returns one outcome an observation, in order.
   * @throws StoreUnavailable when none of it was kept.
   */
  append(batch: readonly Observation[]): Promise<AppendOutcome[]>
  findAsset(tenant: Tenant, asset_id: string): Promise<Asset | null>
  /** In order of `asset_id`. */
  listAssets(tenant: Tenant, page: { after: string | null; limit: number }): Promise<AssetPage>
  close(): Promise<void>
}
