/**
 * How many tokens a client may be issued in an hour and in a day, both of UTC.
 *
 * Fixed windows, counted by the store for all instances. While the store is away each instance goes
 * on from what it heard last: a client that is known gets its tokens, and may then get a quota's
 * worth from each instance. Only clients that have a quota cost anything.
 */

import { OAuthError, type RateLimit, type Refusal } from '@modulariot/oauth/protocol'
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

/** What the store counted last, and for which windows. */
type Heard = QuotaCount & Pick<QuotaTake, 'hour' | 'day'>

const MAX_CLIENTS = 50_000

export interface TokenQuotasOptions {
  readonly store: QuotaStore
  /** Told of every token above a quota, issued (`observe`) or not (`enforce`). */
  readonly onExceeded: (client_id: string) => void
}

export class TokenQuotas {
  readonly #options: TokenQuotasOptions
  readonly #heard = new LRUCache<string, Heard>({ max: MAX_CLIENTS })

  constructor(options: TokenQuotasOptions) {
    this.#options = options
  }

  /** How many clients are remembered. */
  get size(): number {
    return this.#heard.size
  }

  /**
   * Counts one token more.
   *
   * @param nowMs Unix milliseconds: when the token was asked for.
   * @param observe told what a quota that is only observed would have refused.
   * @returns the limits to tell the client of; none when its quota is only observed.
   * @throws OAuthError `temporarily_unavailable` (429) when a quota is enforced and used up:
   *   nothing is counted.
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
      if (error instanceof StoreUnavailable) return countOn(this.#heard.get(take.client_id), take)
      throw error
    })
    this.#heard.set(take.client_id, { ...count, hour: take.hour, day: take.day })
    return count
  }
}

/** One more than was heard last, as the store would count it. */
function countOn(heard: Heard | undefined, take: QuotaTake): QuotaCount {
  const hour_tokens = heard?.hour === take.hour ? heard.hour_tokens : 0
  const day_tokens = heard?.day === take.day ? heard.day_tokens : 0
  const fits =
    hour_tokens < (take.tokens_per_hour ?? Infinity) &&
    day_tokens < (take.tokens_per_day ?? Infinity)
  const taken = fits || !take.enforce
  const one = taken ? 1 : 0
  return { taken, hour_tokens: hour_tokens + one, day_tokens: day_tokens + one }
}

/** The number of the window that holds this moment. */
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
