/**
 * How much processor time one client may have for what costs much: large bodies, batches and pages.
 *
 * Time and not requests or bytes: what a body costs depends on what is in it. It is charged once it
 * is known, so a client may overdraw by what it has under way. A single small report costs next to
 * nothing and is neither charged nor refused.
 */

import { ApiError } from '../errors/api-error.ts'

export interface BudgetLimits {
  /** Milliseconds of processor time a second; 0: no bound. */
  readonly msPerSecond: number
  /** So many seconds' worth may be spent at once by a client that spent nothing before. */
  readonly burstSeconds: number
}

export const BURST_SECONDS = 20

/** The clients charged longest ago are forgotten past so many. */
const MAX_CLIENTS = 50_000

export class ClientBudget {
  readonly #limits: BudgetLimits
  readonly #now: () => number
  /** What was spent and has not come back yet, as it stood at a moment (Unix milliseconds). */
  readonly #spent = new Map<string, { readonly ms: number; readonly atMs: number }>()

  constructor(limits: BudgetLimits, now: () => number) {
    this.#limits = limits
    this.#now = now
  }

  /** How many clients are remembered. */
  get size(): number {
    return this.#spent.size
  }

  /**
   * @throws ApiError 429 when the client has spent its burst; `Retry-After` says when some is back.
   */
  assertWithin(client_id: string): void {
    const { msPerSecond, burstSeconds } = this.#limits
    const over = this.#spentBy(client_id) - msPerSecond * burstSeconds
    if (msPerSecond > 0 && over > 0) throw spentAll(Math.ceil(over / msPerSecond))
  }

  /** @param ms of processor time. */
  charge(client_id: string, ms: number): void {
    if (this.#limits.msPerSecond === 0) return
    const spent = this.#spentBy(client_id) + ms
    this.#spent.delete(client_id)
    this.#spent.set(client_id, { ms: spent, atMs: this.#now() })
    if (this.#spent.size <= MAX_CLIENTS) return
    const [oldest] = this.#spent.keys()
    this.#spent.delete(oldest as string)
  }

  #spentBy(client_id: string): number {
    const spent = this.#spent.get(client_id)
    if (spent === undefined) return 0
    const back = (Math.max(0, this.#now() - spent.atMs) * this.#limits.msPerSecond) / 1000
    return Math.max(0, spent.ms - back)
  }
}

/**
 * Milliseconds of processor time that this thread has spent since it was created; for differences.
 */
export function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

function spentAll(retryAfterSeconds: number): ApiError {
  return new ApiError(
    429,
    'Too many requests',
    'Large bodies, batches and pages of this client exceed its share of processor time; send fewer per second',
    retryAfterSeconds,
  )
}
