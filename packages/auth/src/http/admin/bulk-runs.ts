/**
 * Limits how many bulk requests run at once, for a tenant and in all, and how many bytes they hold:
 * a body stays in memory until its last line is done.
 *
 * The runs of a tenant are counted in all processes of a server, the bytes in each: they are for
 * its memory. Counted by tenant, so that a tenant whose runs never end takes no place from others.
 */

import { noPeers, type Peers, SharedCounts } from '@modulariot/platform/peers'
import { AdminError } from '../../errors/admin-error.ts'
import type { Tenant } from '../../records/client.ts'

export const MAX_RUNS_A_TENANT = 2
/** Four bodies of the largest size, or many of the usual one. */
export const MAX_RUNNING_BYTES = 64 * 1024 ** 2

export class BulkRuns {
  readonly #runsOf: SharedCounts
  #bytes = 0

  /** @param peers by default this process is alone. */
  constructor(peers: Peers = noPeers()) {
    this.#runsOf = new SharedCounts('bulk runs', peers)
  }

  /** The bytes that the bodies of all runs in this process hold now. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Checked before a body is read: a tenant at its limit need not send another.
   *
   * @throws AdminError `too_many_requests`.
   */
  assertMayBegin(tenant: Tenant): void {
    if (this.#runsOf.of(tenantKeyOf(tenant)) < MAX_RUNS_A_TENANT) return
    throw new AdminError(
      'too_many_requests',
      `At most ${MAX_RUNS_A_TENANT} bulk requests per tenant run at once; retry when one has finished`,
    )
  }

  /**
   * @param bytes of the body.
   * @returns a function that ends the run; more than one call does no harm.
   * @throws AdminError `too_many_requests`.
   */
  begin(tenant: Tenant, bytes: number): () => void {
    this.assertMayBegin(tenant)
    if (this.#bytes + bytes > MAX_RUNNING_BYTES) {
      throw new AdminError(
        'too_many_requests',
        'Too many bulk requests in progress; retry later, or in smaller parts',
      )
    }
    const key = tenantKeyOf(tenant)
    this.#runsOf.add(key)
    this.#bytes += bytes
    let running = true
    return () => {
      if (!running) return
      running = false
      this.#runsOf.remove(key)
      this.#bytes -= bytes
    }
  }
}

const tenantKeyOf = ({ org_id, environment }: Tenant): string => `${environment} ${org_id}`
