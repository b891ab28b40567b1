/** The port for the answers to requests that are retried under their `Idempotency-Key`. */

import type { ClientView, Tenant } from '../../records/client.ts'
import type { Authority } from './audited-change.ts'

/** The result of a request under an `Idempotency-Key`. */
export interface IdempotentAnswer {
  /** Of the request. */
  readonly digest: string
  /** The client right after the change. */
  readonly client: ClientView
  /** When it expires, Unix seconds; it may still be found until the next sweep. */
  readonly until: number
}

export interface IdempotentAnswers {
  /**
   * The answer kept for the tenant's change under this `Idempotency-Key`, for a day. It is written
   * in the unit of a client's change whose entry has the key. A second change under the key within
   * the day is a `StoreConflict`.
   */
  findIdempotent(
    tenant: Tenant,
    key: string,
    authority?: Authority | null,
  ): Promise<IdempotentAnswer | null>
}
