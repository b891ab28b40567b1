/**
 * Limits the CPU time one client can use for expensive requests: large bodies, batches and pages.
 *
 * It counts time instead of requests or bytes because the cost of a body depends on its content.
 * The cost is charged once it is known, so requests in progress can overdraw the budget. A single
 * small report costs next to nothing and is neither charged nor refused.
 *
 * A client has one budget in all processes of a server: each tells the others what it charges, and
 * can overdraw the budget further while a message is under way. A process that replaces another
 * gets what is spent.
 */

import { noPeers, type Peers } from '@modulariot/platform/peers'
import { ApiError } from '../errors/api-error.ts'

export interface BudgetLimits {
  /** CPU milliseconds per second; 0: unlimited. */
  readonly msPerSecond: number
  /** Seconds' worth of budget that an idle client can spend at once. */
  readonly burstSeconds: number
}

export const BURST_SECONDS = 20

/** Past this number, the client whose last charge is oldest is dropped. */
const MAX_CLIENTS = 50_000

const TOPIC = 'processor time'

type Charge = readonly [client_id: string, ms: number]

export class ClientBudget {
  readonly #limits: BudgetLimits
  readonly #now: () => number
  /** Time spent and not yet refilled, as of `atMs` (Unix milliseconds). */
  readonly #spent = new Map<string, { readonly ms: number; readonly atMs: number }>()

  readonly #peers: Peers

  /** @param peers by default this process is alone. */
  constructor(limits: BudgetLimits, now: () => number, peers: Peers = noPeers()) {
    this.#limits = limits
    this.#now = now
    this.#peers = peers
    peers.listen(TOPIC, (charge) => this.#count(...(charge as Charge)))
    peers.inherit<Charge>(TOPIC, {
      items: () =>
        [...this.#spent.keys()].map((client_id) => [client_id, this.#spentBy(client_id)]),
      // Both processes have counted the same charges since this one started.
      take: (spent) => {
        for (const [client_id, ms] of spent) {
          const more = ms - this.#spentBy(client_id)
          if (more > 0) this.#count(client_id, more)
        }
      },
    })
  }

  /** Number of clients tracked. */
  get size(): number {
    return this.#spent.size
  }

  /**
   * @throws ApiError 429 when the client has spent its burst, with the time to wait in
   *   `Retry-After`.
   */
  assertWithin(client_id: string): void {
    const { msPerSecond, burstSeconds } = this.#limits
    const over = this.#spentBy(client_id) - msPerSecond * burstSeconds
    if (msPerSecond > 0 && over > 0) throw spentAll(Math.ceil(over / msPerSecond))
  }

  /** @param ms CPU milliseconds. */
  charge(client_id: string, ms: number): void {
    if (this.#limits.msPerSecond === 0) return
    this.#count(client_id, ms)
    if (this.#peers.count > 1) this.#peers.tell(TOPIC, [client_id, ms] satisfies Charge)
  }

  #count(client_id: string, ms: number): void {
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

/** CPU milliseconds of this thread since it started; meaningful as differences. */
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
