/**
 * Limits how often something may fail, for each of a bounded number of keys.
 *
 * The generic cell rate algorithm: one number for each key, the time until which its failures are
 * paid for. So the wait is exact and nothing has to be swept. Half of the quota may be spent at
 * once, the other half comes back over the window; that makes "never more than the quota in any
 * window" true for every window, not only for those that start on the hour.
 */

import type { RateLimit } from '@modulariot/oauth/protocol'
import { atMost } from '@modulariot/platform/at-most'
import type { Inheritable } from '@modulariot/platform/peers'
import { LRUCache } from 'lru-cache'

export interface FailurePolicy {
  readonly name: string
  /** Failures in a window, at least 2. */
  readonly quota: number
  readonly windowSeconds: number
}

export class FailureBudget {
  readonly #policy: FailurePolicy
  readonly #burst: number
  /** The time in which one failure comes back. */
  readonly #intervalMs: number
  /**
   * Unix milliseconds until which a key's failures are paid for. The least recently used key is
   * dropped.
   */
  readonly #paidUntil: LRUCache<string, number>

  constructor(policy: FailurePolicy, maxKeys: number) {
    this.#policy = policy
    this.#burst = Math.ceil(policy.quota / 2)
    this.#intervalMs = (policy.windowSeconds * 1000) / (policy.quota - this.#burst)
    this.#paidUntil = new LRUCache(atMost(maxKeys))
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#paidUntil.size
  }

  /** False when the key never failed, or was dropped after many others failed. */
  remembers(key: string): boolean {
    return this.#paidUntil.get(key) !== undefined
  }

  /** Milliseconds until `key` may fail once more; 0: now. A key that never failed never waits. */
  waitMs(key: string, nowMs: number): number {
    return Math.max(0, this.#debtMs(key, nowMs) - (this.#burst - 1) * this.#intervalMs)
  }

  /**
   * Counts a failure. Concurrent failures may overdraw the budget; that does not lengthen the wait.
   */
  fail(key: string, nowMs: number): void {
    const debt = Math.min(this.#debtMs(key, nowMs) + this.#intervalMs, this.#maxDebtMs)
    this.#paidUntil.set(key, nowMs + debt)
  }

  /**
   * What a process that replaces another gets: the keys whose failures are not all paid for, and
   * until when they are. Both processes have counted the same failures since that one started.
   *
   * @param now Unix milliseconds.
   */
  inheritable(now: () => number): Inheritable<[key: string, paidUntilMs: number]> {
    return {
      items: () => {
        const unpaid: [string, number][] = []
        this.#paidUntil.rforEach((until, key) => until > now() && unpaid.push([key, until]))
        return unpaid
      },
      take: (counted) => {
        for (const [key, until] of counted) {
          this.#paidUntil.set(key, Math.max(this.#paidUntil.get(key) ?? 0, until))
        }
      },
    }
  }

  /** The key's budget as it stands now, for the response headers. */
  describe(key: string, nowMs: number): RateLimit {
    const { name, quota, windowSeconds } = this.#policy
    const debt = this.#debtMs(key, nowMs)
    return {
      policy: name,
      quota,
      windowSeconds,
      remaining: Math.max(0, Math.floor(this.#burst - debt / this.#intervalMs)),
      resetSeconds: Math.ceil(this.waitMs(key, nowMs) / 1000),
    }
  }

  get #maxDebtMs(): number {
    return this.#burst * this.#intervalMs
  }

  /** A debt above the maximum comes from a clock that was set back. */
  #debtMs(key: string, nowMs: number): number {
    const debt = (this.#paidUntil.get(key) ?? 0) - nowMs
    return Math.min(Math.max(0, debt), this.#maxDebtMs)
  }
}
