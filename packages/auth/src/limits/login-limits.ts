/**
 * Who has to wait before trying to prove itself once more. Only failures count, never a success.
 *
 * Three budgets of failures: for a client from an address, for an address, and far above them a ceiling
 * for an address that is asked before the body is read. Whoever guesses spends the budgets of the address
 * it guesses from, so it never stands in the way of the right secret elsewhere. Behind the same address
 * (a fleet behind one NAT) a secret that proved its client lately passes both budgets: a guess cannot
 * profit from that, since it would have to be the secret itself. Where the proof is a signature, which is
 * new each time, a client passes that proved itself from this address.
 *
 * Whether a client exists makes no difference to anything here.
 */

import { OAuthError, type RateLimit } from '@modulariot/oauth/protocol'
import { addressBlock } from '@modulariot/platform/http'
import { LRUCache } from 'lru-cache'
import { FailureBudget, type FailurePolicy } from './failure-budget.ts'

export interface LoginPolicies {
  readonly client: FailurePolicy
  readonly address: FailurePolicy
  readonly ceiling: FailurePolicy
}

/** Generous: nobody guesses 256 random bits, so these only bound what guessing costs us. */
export const LOGIN_POLICIES: LoginPolicies = {
  client: { name: 'client-failures', quota: 120, windowSeconds: 60 },
  address: { name: 'address-failures', quota: 1200, windowSeconds: 60 },
  ceiling: { name: 'address-ceiling', quota: 6000, windowSeconds: 60 },
}

/** Somebody trying to be a client. */
export interface LoginAttempt {
  readonly client_id: string
  readonly address: string
  /** The secret it shows as it would be kept, asked only when it matters; null when it shows a signature. */
  readonly digest: (() => string) | null
}

const MAX_KEYS = 50_000
/** Our client ids are shorter; a longer one is made up, and need not be remembered whole. */
const MAX_ID_LENGTH = 64

export class LoginLimits {
  readonly #now: () => number
  readonly #client: FailureBudget
  readonly #address: FailureBudget
  readonly #ceiling: FailureBudget
  readonly #proven = new LRUCache<string, true>({ max: MAX_KEYS })

  /** @param now Unix milliseconds. */
  constructor({ now, policies = LOGIN_POLICIES }: { now: () => number; policies?: LoginPolicies }) {
    this.#now = now
    this.#client = new FailureBudget(policies.client, MAX_KEYS)
    this.#address = new FailureBudget(policies.address, MAX_KEYS)
    this.#ceiling = new FailureBudget(policies.ceiling, MAX_KEYS)
  }

  /** How many keys are remembered, of all kinds; bounded whatever is sent. */
  get size(): number {
    return this.#client.size + this.#address.size + this.#ceiling.size + this.#proven.size
  }

  /** What to refuse a request with before its body is read; null: read it. */
  refusalAtCeiling(address: string): OAuthError | null {
    const now = this.#now()
    const block = addressBlock(address)
    if (this.#ceiling.waitMs(block, now) === 0) return null
    return tooManyFailures([this.#ceiling.describe(block, now)])
  }

  /**
   * Before the client is looked up.
   *
   * @throws OAuthError `temporarily_unavailable` (429).
   */
  assertMayTry(attempt: LoginAttempt): void {
    // Whoever fails is counted by address too, and most addresses never do.
    if (!this.#address.remembers(addressBlock(attempt.address))) return
    const now = this.#now()
    const keys = keysOf(attempt)
    const budgets = [
      [this.#client, keys.client],
      [this.#address, keys.address],
    ] as const
    const spent = budgets.filter(([budget, key]) => budget.waitMs(key, now) > 0)
    if (spent.length === 0 || this.#isProven(attempt)) return
    // Being refused counts below the ceiling, or whoever does not stop would never reach it.
    this.#ceiling.fail(keys.address, now)
    throw tooManyFailures(spent.map(([budget, key]) => budget.describe(key, now)))
  }

  failed(attempt: LoginAttempt): void {
    const now = this.#now()
    const keys = keysOf(attempt)
    this.#client.fail(keys.client, now)
    this.#address.fail(keys.address, now)
    this.#ceiling.fail(keys.address, now)
    // A secret that has ended or was revoked since. What a failed signature says of the next is nothing.
    if (attempt.digest !== null) this.#proven.delete(attempt.digest())
  }

  /** @param digest of the secret that proved it; null when a signature did. */
  proved(attempt: LoginAttempt, digest: string | null): void {
    this.#proven.set(digest ?? keysOf(attempt).client, true)
  }

  #isProven(attempt: LoginAttempt): boolean {
    return this.#proven.get(attempt.digest?.() ?? keysOf(attempt).client) === true
  }
}

function keysOf({ client_id, address }: LoginAttempt): { client: string; address: string } {
  const block = addressBlock(address)
  return { client: `${block} ${client_id.slice(0, MAX_ID_LENGTH)}`, address: block }
}

function tooManyFailures(limits: readonly RateLimit[]): OAuthError {
  const retry_after_seconds = Math.max(1, ...limits.map(({ resetSeconds }) => resetSeconds))
  return new OAuthError(
    'temporarily_unavailable',
    `Too many failed attempts from this address; try again in ${retry_after_seconds} s`,
    429,
    { kind: 'too_many_failures', limits, retry_after_seconds },
  )
}
