/** The port for token quotas. */

/** One token more for a client that has a quota, in the UTC hour and day with these numbers. */
export interface QuotaTake {
  readonly client_id: string
  readonly hour: number
  readonly day: number
  /** Null: no bound. */
  readonly tokens_per_hour: number | null
  readonly tokens_per_day: number | null
  /** Refuse what is above a bound; otherwise it is only counted. */
  readonly enforce: boolean
}

/** The client's tokens in its hour and day, this one included if it was taken. */
export interface QuotaCount {
  readonly taken: boolean
  readonly hour_tokens: number
  readonly day_tokens: number
}

export interface QuotaStore {
  /**
   * Counts one token against a client's quota, or counts nothing when a bound is reached and
   * enforced. Exact over all instances. Notifies no listener.
   */
  takeQuota(take: QuotaTake): Promise<QuotaCount>
}
