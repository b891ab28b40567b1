/**
 * The records of the store: the parts of an observation, and the results of queries. Times are Unix
 * milliseconds.
 */

import type { Environment } from '@modulariot/oauth/protocol'
import type { AssetEvent, MetricItem } from '@modulariot/telemetry'

/** The owner of data. No query spans two tenants. */
export interface Tenant {
  readonly org_id: string
  readonly environment: Environment
}

/** One valid report, ready to be stored. */
export interface Observation extends Tenant {
  readonly client_id: string
  /** The client's `X-Request-Id`, or the `idempotency_key` of a batch item. */
  readonly request_id: string
  /** The index among the observations of this request id: the index in a batch, else 0. */
  readonly item: number
  /** SHA-256 of the body or item, to distinguish a retry from a reused id. */
  readonly body_digest: Buffer
  readonly asset_id: string
  readonly type: string | null
  /** Device time, which orders all lists and determines when retention deletes the data. */
  readonly timestamp_ms: number
  /** Server time. */
  readonly received_ms: number
  /** The body or item as sent, JSON. */
  readonly payload: string
  /** The parts of the report that are queried by time. */
  readonly position: Fix | null
  readonly metrics: readonly Measurement[]
  readonly events: readonly Occurrence[]
}

/** Observations as bytes, passed on without decoding (`packed.ts`). */
export interface SealedPieces {
  /** Number of observations. */
  readonly count: number
  /** Sum of the payload lengths, in characters. */
  readonly payload: number
  readonly pieces: readonly Uint8Array<ArrayBuffer>[]
}

/** Sealed observations of one tenant. */
export interface SealedObservations extends Tenant, SealedPieces {}

/** A position: WGS 84 degrees, metres, km/h, degrees from north. */
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
  /** The canonical key, or a custom one (`x.…`). */
  readonly key: string
  readonly timestamp_ms: number
  /** The `seq` of the envelope, which orders values of the same time; null if not sent. */
  readonly sequence: number | null
  /** Any JSON value. */
  readonly value: unknown
  readonly unit: string | null
  readonly source: MetricItem['src'] | null
  readonly quality: MetricItem['q'] | null
}

/** A discrete event. */
export interface Occurrence {
  readonly event_type: string
  readonly timestamp_ms: number
  readonly severity: AssetEvent['severity'] | null
  /** The event as sent, JSON. */
  readonly payload: string
}

/**
 * `stored`: new and durable. `replayed`: already stored. `conflict`: not stored, since its id was
 * used for the same asset with another body.
 */
export type AppendOutcome = 'stored' | 'replayed' | 'conflict'

export interface Asset {
  readonly asset_id: string
  readonly type: string | null
  /** Device time of the newest observation. */
  readonly timestamp_ms: number
  /** When the server received its first and its latest report. */
  readonly first_received_ms: number
  readonly last_received_ms: number
  /** The newest observation by device time, JSON as sent. */
  readonly payload: string
}

export interface Position extends Fix {
  readonly timestamp_ms: number
}

export interface AssetOccurrence extends Occurrence {
  readonly asset_id: string
}

/**
 * A summary of the numbers of one key in `[start_ms, start_ms + bucketMs)`. Empty buckets are
 * omitted.
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

/** An observation in the feed. */
export interface FeedEntry {
  /** Pass as `after` for the next entries. Counts the observations of the tenant. */
  readonly cursor: number
  readonly asset_id: string
  readonly timestamp_ms: number
  readonly received_ms: number
  readonly payload: string
}
