/** The port for the answers to requests that are retried under their `Idempotency-Key`. */

import type { ClientView, Tenant } from '../../records/client.ts'
import type { Authority } from './audited-change.ts'

/** What a request under an `Idempotency-Key` did. */
export interface IdempotentAnswer {
  /** Of what was asked. */
  readonly digest: string
  /** The client right after the change. */
  readonly client: ClientView
  /** When it no longer counts, Unix seconds; it may still be found until the next sweep. */
  readonly until: number
}

export interface IdempotentAnswers {
  /**
   * What the tenant's change under this `Idempotency-Key` is answered with again, for a day. Kept
   * in the unit of a change to a client whose entry has the key; one that is used again within the
   * day is a `StoreConflict`.
   */
  findIdempotent(
    tenant: Tenant,
    key: string,
    authority?: Authority | null,
  ): Promise<IdempotentAnswer | null>
}
