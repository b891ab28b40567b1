/**
 * The store port of ModularIoT API: what machines reported, and nothing about how it is kept.
 *
 * Each method is one atomic unit. Every row and every question belongs to a tenant; what is
 * another's is not there. Any method throws StoreUnavailable when the store cannot answer.
 */

import type {
  AppendOutcome,
  Asset,
  AssetOccurrence,
  FeedEntry,
  Measurement,
  MetricBucket,
  Observation,
  Occurrence,
  Position,
  SealedObservations,
  Tenant,
} from './records.ts'

export type * from './records.ts'

/**
 * A place in a list, to return rows after: what its rows are ordered by, as whole numbers. It says
 * nothing of whose row it was; with another tenant or asset it is a place among theirs.
 */
export type Place = readonly number[]

/** How many numbers a place has in each list. */
export const PLACE_LENGTHS = { positions: 2, metrics: 4, events: 3 } as const

/** May hold fewer rows than asked for, even none, while there are more. */
export interface Page<Row, After = Place> {
  readonly rows: readonly Row[]
  /** Pass as `after` for the next page; null on the last. */
  readonly next: After | null
}

/** Device time; what is left out does not narrow. */
export interface Period {
  readonly from_ms?: number | undefined
  /** Exclusive. */
  readonly to_ms?: number | undefined
}

export interface PageQuery extends Period {
  /** Oldest first by default. A place is good for the direction it came from. */
  readonly newestFirst?: boolean | undefined
  readonly after: Place | null
  readonly limit: number
}

export interface AssetQuery {
  /** Part of the `asset_id` or of the type, whatever the case. */
  readonly search?: string | undefined
  /** Exactly. */
  readonly type?: string | undefined
  /** Return assets after this `asset_id`. */
  readonly after: string | null
  readonly limit: number
}

export interface MetricQuery extends PageQuery {
  readonly key: string
}

/**
 * At most MAX_BUCKETS buckets, which begin at multiples of `bucketMs` (`buckets.ts` counts them).
 */
export interface BucketQuery {
  readonly key: string
  readonly from_ms: number
  /** Exclusive. */
  readonly to_ms: number
  readonly bucketMs: number
  /**
   * Nobody waits any more: what is not done yet need not be. PostgreSQL finishes what it has begun.
   */
  readonly signal?: AbortSignal | undefined
}

export const MAX_BUCKETS = 2000

export interface EventQuery extends PageQuery {
  /** All assets of the tenant when left out. */
  readonly asset_id?: string | undefined
  readonly event_type?: string | undefined
  readonly severity?: NonNullable<Occurrence['severity']> | undefined
}

export interface Feed {
  readonly entries: readonly FeedEntry[]
  /** Pass as `after` next time. */
  readonly cursor: number
  /** True when there may be more at once. */
  readonly more: boolean
}

export interface MaintenanceReport {
  /**
   * Rows that were older than their organization's retention, those of dropped partitions not
   * counted.
   */
  readonly removedRows: number
  readonly droppedPartitions: number
}

export interface TelemetryStore {
  ping(): Promise<void>
  /**
   * Keeps a batch in one transaction; once this resolves, a crash loses none of it.
   *
   * A request id is remembered as long as data received with it may be kept.
   *
   * @param batch a sealed one that comes alone may be empty afterwards.
   * @returns one outcome an observation, in order.
   * @throws StoreUnavailable when none of it was kept, or when nobody knows: sent again, it is
   *   stored once.
   */
  append(batch: readonly (Observation | SealedObservations)[]): Promise<AppendOutcome[]>
  findAsset(tenant: Tenant, asset_id: string): Promise<Asset | null>
  /** In order of the bytes of `asset_id`. */
  listAssets(tenant: Tenant, query: AssetQuery): Promise<Page<Asset, string>>
  /** An asset that is not there has no positions, metrics or events. */
  positions(tenant: Tenant, asset_id: string, query: PageQuery): Promise<Page<Position>>
  /**
   * Values of one key by device time, then `sequence`. Two of one key with the same time and the
   * same `sequence` that are alike (value, unit, source, quality) are one value sent twice, and
   * kept once.
   */
  metrics(tenant: Tenant, asset_id: string, query: MetricQuery): Promise<Page<Measurement>>
  /**
   * Numbers (and booleans, as 0 and 1) of one key, in order of time; those of quality `invalid` or
   * `missing` do not count.
   *
   * @throws RangeError for more than MAX_BUCKETS buckets, or a `bucketMs` below 1.
   */
  metricBuckets(tenant: Tenant, asset_id: string, query: BucketQuery): Promise<MetricBucket[]>
  /**
   * The newest value of each key, in order of the keys, at most MAX_LATEST_KEYS a page.
   *
   * @param after return keys after this one.
   */
  latestMetrics(
    tenant: Tenant,
    asset_id: string,
    after: string | null,
  ): Promise<Page<Measurement, string>>
  events(tenant: Tenant, query: EventQuery): Promise<Page<AssetOccurrence>>
  /**
   * What was stored after `after`, in the order it was; null asks only for where we are now. A
   * number that the tenant has not reached yet counts as now.
   */
  readSince(tenant: Tenant, after: number | null, limit: number): Promise<Feed>
  /**
   * Tells when something may have been stored, by whatever process the store can hear of; null when
   * it is not known for whom. May be late or silent: who must not miss anything also asks from time
   * to time.
   *
   * @returns ends it.
   */
  watch(listener: (tenant: Tenant | null) => void): () => void
  /** Days an organization's data is kept; null where nothing was said for it. */
  findRetention(org_id: string): Promise<number | null>
  /** @param days at least 1; null: as the installation does. */
  setRetention(org_id: string, days: number | null): Promise<void>
  /**
   * Removes what is older, by device time, than its organization keeps data; in small steps, so
   * that others are served in between. One process at a time does it.
   *
   * @param retentionDays for organizations that have no retention of their own; null: for ever.
   */
  maintain(nowMs: number, retentionDays: number | null): Promise<MaintenanceReport>
  /** What was sent before is kept; whatever comes after is refused with StoreUnavailable. */
  close(): Promise<void>
}

export const MAX_LATEST_KEYS = 1000
