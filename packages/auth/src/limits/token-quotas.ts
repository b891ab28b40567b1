/**
 * Limits how many tokens a client may be issued in an hour and in a day, both UTC.
 *
 * Fixed windows, counted by the store for all instances. While the store is unavailable each
 * process counts on from the last count it received: a known client gets its tokens, at most a
 * quota's worth from each process. Clients without a quota cost nothing.
 */

import { OAuthError, type RateLimit, type Refusal } from '@modulariot/oauth/protocol'
import { atMost } from '@modulariot/platform/at-most'
import { StoreUnavailable } from '@modulariot/platform/storage'
import { LRUCache } from 'lru-cache'
import type { Client } from '../records/client.ts'
import type { QuotaCount, QuotaStore, QuotaTake } from '../store/ports/quotas.ts'

const WINDOWS = [
  {
    policy: 'tokens-per-hour',
    bound: 'tokens_per_hour',
    counted: 'hour_tokens',
    windowSeconds: 3600,
  },
  {
    policy: 'tokens-per-day',
    bound: 'tokens_per_day',
    counted: 'day_tokens',
    windowSeconds: 86_400,
  },
] as const

/** The store's last count, and its windows. */
type LastCount = QuotaCount & Pick<QuotaTake, 'hour' | 'day'>

const MAX_CLIENTS = 50_000

export interface TokenQuotasOptions {
  readonly store: QuotaStore
  /** Called for every token above a quota, issued (`observe`) or not (`enforce`). */
  readonly onExceeded: (client_id: string) => void
}

export class TokenQuotas {
  readonly #options: TokenQuotasOptions
  readonly #lastCounts = new LRUCache<string, LastCount>(atMost(MAX_CLIENTS))

  constructor(options: TokenQuotasOptions) {
    this.#options = options
  }

  /** How many clients are kept. */
  get size(): number {
    return this.#lastCounts.size
  }

  /**
   * Counts one token.
   *
   * @param nowMs Unix milliseconds: when the token was requested.
   * @param observe called with what a quota in `observe` mode would have refused.
   * @returns the limits for the response headers; none when the quota is only observed.
   * @throws OAuthError `temporarily_unavailable` (429) when an enforced quota is used up; nothing
   *   is counted.
   */
  async take(
    { client_id, quota }: Pick<Client, 'client_id' | 'quota'>,
    nowMs: number,
    observe: (refusal: Refusal) => void,
  ): Promise<readonly RateLimit[]> {
    const { tokens_per_hour, tokens_per_day } = quota
    if (tokens_per_hour === null && tokens_per_day === null) return []
    const enforce = quota.mode === 'enforce'
    const [hour, day] = WINDOWS.map(({ windowSeconds }) => windowOf(nowMs, windowSeconds))
    const count = await this.#count({
      client_id,
      hour: hour as number,
      day: day as number,
      tokens_per_hour,
      tokens_per_day,
      enforce,
    })
    const limits = limitsOf(count, quota, nowMs)
    const exceeded = WINDOWS.some(
      ({ bound, counted }) => count[counted] > (quota[bound] ?? Infinity),
    )
    if (!count.taken || exceeded) {
      this.#options.onExceeded(client_id)
      const error = quotaExceeded(
        client_id,
        limits.filter(({ remaining }) => remaining === 0),
      )
      if (enforce) throw error
      observe(error.reason)
    }
    return enforce ? limits : []
  }

  async #count(take: QuotaTake): Promise<QuotaCount> {
    const count = await this.#options.store.takeQuota(take).catch((error: unknown) => {
      if (error instanceof StoreUnavailable)
        return countOn(this.#lastCounts.get(take.client_id), take)
      throw error
    })
    this.#lastCounts.set(take.client_id, { ...count, hour: take.hour, day: take.day })
    return count
  }
}

/** The last count plus one, as the store would count it. */
function countOn(last: LastCount | undefined, take: QuotaTake): QuotaCount {
  const hour_tokens = last?.hour === take.hour ? last.hour_tokens : 0
  const day_tokens = last?.day === take.day ? last.day_tokens : 0
  const fits =
    hour_tokens < (take.tokens_per_hour ?? Infinity) &&
    day_tokens < (take.tokens_per_day ?? Infinity)
  const taken = fits || !take.enforce
  const one = taken ? 1 : 0
  return { taken, hour_tokens: hour_tokens + one, day_tokens: day_tokens + one }
}

/** The number of the window that contains this time. */
function windowOf(nowMs: number, windowSeconds: number): number {
  return Math.floor(nowMs / (windowSeconds * 1000))
}

function limitsOf(count: QuotaCount, quota: Client['quota'], nowMs: number): RateLimit[] {
  return WINDOWS.flatMap(({ policy, bound, counted, windowSeconds }) => {
    const allowed = quota[bound]
    if (allowed === null) return []
    const endMs = (windowOf(nowMs, windowSeconds) + 1) * windowSeconds * 1000
    return {
      policy,
      quota: allowed,
      windowSeconds,
      remaining: Math.max(0, allowed - count[counted]),
      resetSeconds: Math.ceil((endMs - nowMs) / 1000),
    }
  })
}

function quotaExceeded(client_id: string, limits: readonly RateLimit[]): OAuthError {
  const retry_after_seconds = Math.max(1, ...limits.map(({ resetSeconds }) => resetSeconds))
  return new OAuthError(
    'temporarily_unavailable',
    `The client has used up its token quota; try again in ${retry_after_seconds} s`,
    429,
    { kind: 'quota_exceeded', client_id, limits, retry_after_seconds },
  )
}
