/** The port for token quotas. */

/**
 * A request to count one token for a client with a quota, in the UTC hour and day with these
 * numbers.
 */
export interface QuotaTake {
  readonly client_id: string
  readonly hour: number
  readonly day: number
  /** Null: no limit. */
  readonly tokens_per_hour: number | null
  readonly tokens_per_day: number | null
  /** Refuses a token above a limit; otherwise it is only counted. */
  readonly enforce: boolean
}

/** The client's tokens in its hour and day, including this one if it was counted. */
export interface QuotaCount {
  readonly taken: boolean
  readonly hour_tokens: number
  readonly day_tokens: number
}

export interface QuotaStore {
  /**
   * Counts one token against a client's quota, or nothing when an enforced limit is reached. Exact
   * over all instances. Notifies no listener.
   */
  takeQuota(take: QuotaTake): Promise<QuotaCount>
}
