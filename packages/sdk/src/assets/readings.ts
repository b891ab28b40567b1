/** What can be read from the API, and by which queries; types only. */

import type { AssetEvent, AssetTrackingData } from '@modulariot/telemetry'

export interface ReadOptions {
  readonly signal?: AbortSignal
}

export interface ListQuery extends ReadOptions {
  /** Part of the id or of the type. */
  readonly search?: string
  readonly type?: string
}

/** Device times; a text is ISO 8601 with a zone. */
export interface SeriesQuery extends ReadOptions {
  readonly from?: Date | string
  /** Exclusive. */
  readonly to?: Date | string
  /** `asc` (oldest first) is the server's default. */
  readonly order?: 'asc' | 'desc'
}

export interface MetricsQuery extends SeriesQuery {
  /** All values of this key; without it, the newest value of each key. */
  readonly key?: string
}

export interface BucketsQuery extends ReadOptions {
  readonly key: string
  /** Length of a bucket: `30s`, `5m`, `1h`, `1d`. A period has at most 2000 buckets. */
  readonly bucket: `${number}${'s' | 'm' | 'h' | 'd'}`
  /** Device times; a text is ISO 8601 with a zone. */
  readonly from: Date | string
  /** Exclusive. Default: now. */
  readonly to?: Date | string
}

export interface EventsQuery extends SeriesQuery {
  /** Default: events of all assets. */
  readonly asset_id?: string
  readonly type?: string
  readonly severity?: 'low' | 'medium' | 'high'
}

export interface StreamOptions extends ReadOptions {
  /** Default: all assets. */
  readonly asset_id?: string
  /** Continues after the observation with this `id`; without it, with the next report. */
  readonly after?: string
  /** Called when the server left observations out, because this client read too slowly. */
  readonly onSkipped?: (observations: number) => void
}

/** Times are ISO 8601. */
export interface Asset {
  readonly asset_id: string
  readonly type: string | null
  /** Device time of the newest report. */
  readonly timestamp: string
  readonly first_received_at: string
  readonly last_received_at: string
  /** The newest report by device time, as sent. */
  readonly latest: AssetTrackingData
}

export interface Position {
  readonly timestamp: string
  /** Degrees. */
  readonly latitude: number
  readonly longitude: number
  /** Metres. */
  readonly altitude: number | null
  /** km/h. */
  readonly speed: number | null
  /** Degrees from north. */
  readonly heading: number | null
  /** Metres. */
  readonly accuracy: number | null
  readonly satellites: number | null
}

export interface MetricReading {
  readonly key: string
  readonly timestamp: string
  readonly seq: number | null
  readonly value: unknown
  readonly unit: string | null
  readonly source: string | null
  readonly quality: string | null
}

/** The numbers of one bucket; true counts as 1, false as 0. */
export interface MetricBucket {
  /** Start of the bucket. */
  readonly start: string
  readonly count: number
  readonly min: number
  readonly max: number
  readonly avg: number
  /** The oldest value. */
  readonly first: number
  /** The newest value. */
  readonly last: number
}

/** As sent, with the id of its asset. */
export type EventReading = AssetEvent & { readonly asset_id: string }

export interface Observation {
  /** For `after`. */
  readonly id: string
  readonly asset_id: string
  readonly timestamp: string
  readonly received_at: string
  /** As sent. */
  readonly report: AssetTrackingData
}
