/**
 * What the store keeps, as plain records: an observation taken apart on its way in, and what of it
 * comes back. Times are Unix milliseconds.
 */

import type { Environment } from '@modulariot/oauth/protocol'
import type { AssetEvent, MetricItem } from '@modulariot/telemetry'

/** Data belongs to (organization, environment); there is no question across two of them. */
export interface Tenant {
  readonly org_id: string
  readonly environment: Environment
}

/** One accepted report, ready to be kept. */
export interface Observation extends Tenant {
  readonly client_id: string
  /** The caller's `X-Request-Id`, or the key an item of a batch has of its own. */
  readonly request_id: string
  /**
   * Which of the observations under this request id: the place in a batch; 0 where there is one.
   */
  readonly item: number
  /** SHA-256 of the body (of the item), to tell a retry from a reused id. */
  readonly body_digest: Buffer
  readonly asset_id: string
  readonly type: string | null
  /** Device time. Everything is ordered by it, and its age decides how long it is kept. */
  readonly timestamp_ms: number
  /** Our time. */
  readonly received_ms: number
  /** The body (the item) as it was sent, JSON. */
  readonly payload: string
  /** The same taken apart, so that it can be asked for by time. */
  readonly position: Fix | null
  readonly metrics: readonly Measurement[]
  readonly events: readonly Occurrence[]
}

/**
 * Observations of one tenant, as bytes (`packed.ts`): passed on without a look at what is in them.
 */
export interface SealedObservations extends Tenant {
  /** How many there are. */
  readonly count: number
  /** Sum of the payloads' lengths, in characters. */
  readonly payload: number
  readonly pieces: readonly Uint8Array<ArrayBuffer>[]
}

/** Where an asset was: WGS 84 degrees, metres, km/h, degrees from north. */
export interface Fix {
  readonly latitude: number
  readonly longitude: number
  readonly altitude: number | null
  readonly speed: number | null
  readonly heading: number | null
  /** Horizontal radius. */
  readonly accuracy: number | null
  readonly satellites: number | null
}

/** One value under one key. */
export interface Measurement {
  /** The canonical key, or the sender's own (`x.…`). */
  readonly key: string
  readonly timestamp_ms: number
  /** The envelope's `seq`: orders values of the same moment. Null when there was none. */
  readonly sequence: number | null
  /** Any JSON value. */
  readonly value: unknown
  readonly unit: string | null
  readonly source: MetricItem['src'] | null
  readonly quality: MetricItem['q'] | null
}

/** Something that happened. */
export interface Occurrence {
  readonly event_type: string
  readonly timestamp_ms: number
  readonly severity: AssetEvent['severity'] | null
  /** The event as it was sent, JSON. */
  readonly payload: string
}

/**
 * `stored`: new and durable. `replayed`: the same request was stored before. `conflict`: its id was
 * used before with another body, and nothing is stored.
 */
export type AppendOutcome = 'stored' | 'replayed' | 'conflict'

export interface Asset {
  readonly asset_id: string
  readonly type: string | null
  /** Device time of the newest observation. */
  readonly timestamp_ms: number
  /** When we first and last heard of it. */
  readonly first_received_ms: number
  readonly last_received_ms: number
  /** The newest observation by device time, JSON as it was sent. */
  readonly payload: string
}

export interface Position extends Fix {
  readonly timestamp_ms: number
}

export interface AssetOccurrence extends Occurrence {
  readonly asset_id: string
}

/**
 * Numbers of one key within `[start_ms, start_ms + bucketMs)`. Buckets without any are left out.
 */
export interface MetricBucket {
  readonly start_ms: number
  readonly count: number
  readonly min: number
  readonly max: number
  readonly avg: number
  /** By device time, then `sequence`. */
  readonly first: number
  readonly last: number
}

/** An observation as those who follow along get it. */
export interface FeedEntry {
  /** Pass as `after` for what follows. Counts the observations of the tenant. */
  readonly cursor: number
  readonly asset_id: string
  readonly timestamp_ms: number
  readonly received_ms: number
  readonly payload: string
}
