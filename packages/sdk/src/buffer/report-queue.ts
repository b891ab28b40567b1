/**
 * Where a buffer keeps its reports until they are delivered: the port, and the queue in memory.
 *
 * The queue on disk is in `node/`, because it needs a file system.
 */

import type { Report } from '../assets/report.ts'

export interface KeptReport extends Report {
  /** Grows with each report of this queue. */
  readonly seq: number
}

export interface PeekLimit {
  readonly maxItems: number
  readonly maxBytes: number
}

export interface ReportQueue {
  /** How many reports are kept. */
  readonly items: number
  /** How much room they take. */
  readonly bytes: number
  /** Whether they are still there when the process has gone. */
  readonly outlivesProcess: boolean
  /**
   * Resolves when the report is kept as durably as this queue promises; rejects when it is not
   * kept.
   */
  append(report: Report): Promise<void>
  /** The oldest ones, in order: one at least, unless the queue is empty. */
  peek(limit: PeekLimit): Promise<KeptReport[]>
  /**
   * Forgets the oldest ones up to this `seq`, which `peek` gave. What is gone already stays gone.
   */
  removeThrough(seq: number): Promise<void>
  close(): Promise<void>
}

/** Bounded by whoever appends; gone with the process. */
export class MemoryQueue implements ReportQueue {
  readonly outlivesProcess = false
  readonly #reports: KeptReport[] = []
  #bytes = 0
  #seq = 0

  get items(): number {
    return this.#reports.length
  }

  get bytes(): number {
    return this.#bytes
  }

  async append(report: Report): Promise<void> {
    this.#seq += 1
    this.#reports.push({ ...report, seq: this.#seq })
    this.#bytes += sizeOf(report)
  }

  async peek(limit: PeekLimit): Promise<KeptReport[]> {
    return firstWithin(this.#reports, limit)
  }

  async removeThrough(seq: number): Promise<void> {
    const rest = this.#reports.findIndex((report) => report.seq > seq)
    const gone = this.#reports.splice(0, rest === -1 ? this.#reports.length : rest)
    for (const report of gone) this.#bytes -= sizeOf(report)
  }

  async close(): Promise<void> {}
}

/** As many from the front as fit, and one even if it alone does not. */
export function firstWithin(
  reports: Iterable<KeptReport>,
  { maxItems, maxBytes }: PeekLimit,
): KeptReport[] {
  const taken: KeptReport[] = []
  let bytes = 0
  for (const report of reports) {
    bytes += sizeOf(report)
    if (taken.length > 0 && (taken.length >= maxItems || bytes > maxBytes)) break
    taken.push(report)
  }
  return taken
}

/** UTF-16 units: exact for ASCII, which bodies nearly are, and cheap. */
export function sizeOf(report: Report): number {
  return report.request_id.length + report.body.length
}
