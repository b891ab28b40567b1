/**
 * How many tokens a client may be issued in an hour and in a day, both of UTC.
 *
 * Fixed windows, counted in this process: a restart begins anew, and several instances count each for
 * itself. Only clients that have a quota take up room here.
 */

import { OAuthError, type RateLimit, type Refusal } from '@modulariot/oauth/protocol'
import { LRUCache } from 'lru-cache'
import type { Client } from '../clients/client.ts'

const WINDOWS = [
  { policy: 'tokens-per-hour', bound: 'tokens_per_hour', windowSeconds: 3600 },
  { policy: 'tokens-per-day', bound: 'tokens_per_day', windowSeconds: 86_400 },
] as const

/** Tokens of a client in the window that has this number, for each of WINDOWS. */
type Counts = { window: number; tokens: number }[]

const MAX_CLIENTS = 50_000

export interface TokenQuotasOptions {
  /** Unix milliseconds. */
  readonly now: () => number
  /** Told of every token above a quota, issued (`observe`) or not (`enforce`). */
  readonly onExceeded: (client_id: string) => void
}

export class TokenQuotas {
  readonly #options: TokenQuotasOptions
  readonly #counts = new LRUCache<string, Counts>({ max: MAX_CLIENTS })

  constructor(options: TokenQuotasOptions) {
    this.#options = options
  }

  /** How many clients are remembered. */
  get size(): number {
    return this.#counts.size
  }

  /**
   * Counts one token more.
   *
   * @param observe told what a quota that is only observed would have refused.
   * @returns the limits to tell the client of; none when its quota is only observed.
   * @throws OAuthError `temporarily_unavailable` (429) when a quota is enforced and used up: nothing is counted.
   */
  take(
    { client_id, quota }: Pick<Client, 'client_id' | 'quota'>,
    observe: (refusal: Refusal) => void,
  ): readonly RateLimit[] {
    if (quota.tokens_per_hour === null && quota.tokens_per_day === null) return []
    const now = this.#options.now()
    const counts = this.#countsOf(client_id, now)
    const before = limitsOf(counts, quota, now)
    const usedUp = before.filter(({ remaining }) => remaining === 0)
    if (usedUp.length > 0) {
      this.#options.onExceeded(client_id)
      const error = quotaExceeded(client_id, usedUp)
      if (quota.mode === 'enforce') throw error
      observe(error.reason)
    }
    for (const count of counts) count.tokens++
    return quota.mode === 'enforce' ? limitsOf(counts, quota, now) : []
  }

  #countsOf(client_id: string, nowMs: number): Counts {
    const known = this.#counts.get(client_id)
    const counts = WINDOWS.map(({ windowSeconds }, index) => {
      const window = Math.floor(nowMs / (windowSeconds * 1000))
      const count = known?.[index]
      return count?.window === window ? count : { window, tokens: 0 }
    })
    this.#counts.set(client_id, counts)
    return counts
  }
}

function limitsOf(counts: Counts, quota: Client['quota'], nowMs: number): RateLimit[] {
  return WINDOWS.flatMap(({ policy, bound, windowSeconds }, index) => {
    const allowed = quota[bound]
    if (allowed === null) return []
    const { window, tokens } = counts[index] as Counts[number]
    const endMs = (window + 1) * windowSeconds * 1000
    return {
      policy,
      quota: allowed,
      windowSeconds,
      remaining: Math.max(0, allowed - tokens),
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
