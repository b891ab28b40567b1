/**
 * The blocks that were read last, decoded. A stream reads sixteen reports at a time, and a block
 * has 512.
 */

import type { Tenant } from '../records.ts'
import { tenantName } from '../tenant-name.ts'
import { type Block, type Head, reportsOf, type StoredReport } from './block.ts'

/** Of about half a megabyte each. */
const MAX_BLOCKS = 16

interface Decoded {
  readonly head: Uint8Array
  readonly reports: readonly StoredReport[]
}

export class BlockCache {
  /** The one that was used last is the last. */
  readonly #decoded = new Map<string, Decoded>()

  /** The reports of a block, unless it has changed: the same numbers are the same reports. */
  find(tenant: Tenant, { until_seq, head }: Head): readonly StoredReport[] | undefined {
    const name = nameOf(tenant, until_seq)
    const decoded = this.#decoded.get(name)
    if (decoded === undefined || Buffer.compare(decoded.head, head) !== 0) return undefined
    this.#keep(name, decoded)
    return decoded.reports
  }

  add(tenant: Tenant, block: Block): readonly StoredReport[] {
    const reports = reportsOf(block)
    this.#keep(nameOf(tenant, block.until_seq), { head: block.head, reports })
    return reports
  }

  #keep(name: string, decoded: Decoded): void {
    this.#decoded.delete(name)
    this.#decoded.set(name, decoded)
    if (this.#decoded.size <= MAX_BLOCKS) return
    for (const oldest of this.#decoded.keys()) {
      this.#decoded.delete(oldest)
      return
    }
  }
}

const nameOf = (tenant: Tenant, until_seq: number): string => `${until_seq} ${tenantName(tenant)}`
