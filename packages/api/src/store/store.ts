/**
 * The store port of ModularIoT API, independent of the database.
 *
 * Each method is one atomic unit. Every row and every query belongs to a tenant; the data of other
 * tenants is invisible. Any method throws StoreUnavailable when the store is unavailable.
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
 * The key of a row in a list: the integers that its rows are ordered by. A page starts after it. It
 * does not identify a tenant or asset; with another one it is a position among that one's rows.
 */
export type RowKey = readonly number[]

/** The number of integers in the row keys of each list. */
export const ROW_KEY_LENGTHS = { positions: 2, metrics: 4, events: 3 } as const

/** May have fewer rows than the limit, even none, although more pages follow. */
export interface Page<Row, After = RowKey> {
  readonly rows: readonly Row[]
  /** Pass as `after` for the next page; null on the last. */
  readonly next: After | null
}

/** A range of device time; an omitted end is unbounded. */
export interface Period {
  readonly from_ms?: number | undefined
  /** Exclusive. */
  readonly to_ms?: number | undefined
}

export interface PageQuery extends Period {
  /** Oldest first by default. A row key is valid only for the direction it came from. */
  readonly newestFirst?: boolean | undefined
  readonly after: RowKey | null
  readonly limit: number
}

export interface AssetQuery {
  /** Part of the `asset_id` or of the type, ignoring case. */
  readonly search?: string | undefined
  /** Exact match. */
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
  /** Cancels the query when the client disconnects. PostgreSQL finishes a running statement. */
  readonly signal?: AbortSignal | undefined
}

export const MAX_BUCKETS = 2000

export interface EventQuery extends PageQuery {
  /** By default all assets of the tenant. */
  readonly asset_id?: string | undefined
  readonly event_type?: string | undefined
  readonly severity?: NonNullable<Occurrence['severity']> | undefined
}

export interface Feed {
  readonly entries: readonly FeedEntry[]
  /** Pass as `after` to the next call. */
  readonly cursor: number
  /** True if more entries may already be available. */
  readonly more: boolean
}

export interface MaintenanceReport {
  /** Expired rows that were deleted, without those of dropped partitions. */
  readonly removedRows: number
  readonly droppedPartitions: number
}

export interface Erased {
  /** Whether the files hold nothing of it. Otherwise `compact` removes what is left. */
  readonly compacted: boolean
}

export interface TelemetryStore {
  /**
   * @throws StoreUnavailable when the store cannot answer, StoreUnwritable when it cannot write.
   */
  ping(): Promise<void>
  /** False from a write that the store refused, as on a full disk, until writes succeed again. */
  isWritable(): boolean
  /**
   * Stores a batch in one transaction; once this resolves, the batch survives a crash.
   *
   * A request id is remembered for as long as its data is retained.
   *
   * @param batch if its only element is sealed, that may be empty afterwards.
   * @returns one outcome per observation, in order.
   * @throws StoreUnavailable when nothing was stored, or when that is unknown; a retry stores it
   *   only once.
   */
  append(batch: readonly (Observation | SealedObservations)[]): Promise<AppendOutcome[]>
  findAsset(tenant: Tenant, asset_id: string): Promise<Asset | null>
  /** In byte order of `asset_id`. */
  listAssets(tenant: Tenant, query: AssetQuery): Promise<Page<Asset, string>>
  /** An unknown asset has no positions, metrics or events. */
  positions(tenant: Tenant, asset_id: string, query: PageQuery): Promise<Page<Position>>
  /**
   * Values of one key by device time, then `sequence`. Values with equal time, `sequence`, value,
   * unit, source and quality count as one value sent repeatedly, and are stored once.
   */
  metrics(tenant: Tenant, asset_id: string, query: MetricQuery): Promise<Page<Measurement>>
  /**
   * Summarizes the numbers of one key, and booleans as 0 and 1, in order of time. Values of quality
   * `invalid` or `missing` are excluded.
   *
   * @throws RangeError for more than MAX_BUCKETS buckets, or a `bucketMs` below 1.
   */
  metricBuckets(tenant: Tenant, asset_id: string, query: BucketQuery): Promise<MetricBucket[]>
  /**
   * The newest value of each key, in order of the keys, at most MAX_LATEST_KEYS per page.
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
   * Observations stored after `after`, in that order. With null, only the current cursor. A cursor
   * beyond the current one is treated as the current one.
   */
  readSince(tenant: Tenant, after: number | null, limit: number): Promise<Feed>
  /**
   * Calls the listener when something may have been stored, also by another process. The tenant is
   * null when unknown. A call may be late or missing, so a listener must also query from time to
   * time.
   *
   * @returns a function that stops it.
   */
  watch(listener: (tenant: Tenant | null) => void): () => void
  /** Days of retention of an organization; null if not set. */
  findRetention(org_id: string): Promise<number | null>
  /** @param days at least 1; null: the default of the installation. */
  setRetention(org_id: string, days: number | null): Promise<void>
  /**
   * Deletes data older, by device time, than the retention of its organization. Works in small
   * steps, so that other requests are served in between. Runs in one process at a time.
   *
   * @param retentionDays for organizations without their own retention; null: unlimited.
   */
  maintain(nowMs: number, retentionDays: number | null): Promise<MaintenanceReport>
  /**
   * Erases an asset and every row of it, in small steps, so that other requests are served in
   * between. It disappears at once; a report that arrives later makes a new asset, even one that
   * was stored before and is retried. After a crash, `maintain` erases the rest.
   *
   * @returns null when there is no such asset.
   */
  eraseAsset(tenant: Tenant, asset_id: string): Promise<Erased | null>
  /**
   * Removes what deleted rows have left in the files of the database: rebuilds a SQLite file,
   * during which nothing can be written; runs VACUUM in PostgreSQL.
   */
  compact(): Promise<void>
  /** Waits for pending writes. Later calls throw StoreUnavailable. */
  close(): Promise<void>
}

export const MAX_LATEST_KEYS = 1000
