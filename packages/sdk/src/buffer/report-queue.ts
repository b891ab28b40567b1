/**
 * Where a buffer keeps its reports until they are delivered: the port, and the queue in memory.
 *
 * The queue on disk is in `node/`, because it needs a file system.
 */

import type { Report } from '../assets/report.ts'

export interface KeptReport extends Report {
  /** Increases with each report of this queue. */
  readonly seq: number
}

export interface PeekLimit {
  readonly maxItems: number
  readonly maxBytes: number
}

export interface ReportQueue {
  /** How many reports are kept. */
  readonly items: number
  /** Their total size. */
  readonly bytes: number
  /** Whether reports survive the end of the process. */
  readonly outlivesProcess: boolean
  /**
   * Resolves when the report is kept as durably as this queue promises; rejects when it is not
   * kept.
   */
  append(report: Report): Promise<void>
  /** Returns the oldest reports, in order: at least one, unless the queue is empty. */
  peek(limit: PeekLimit): Promise<KeptReport[]>
  /**
   * Removes the oldest reports up to this `seq`, returned by `peek`. Does nothing for reports
   * already removed.
   */
  removeThrough(seq: number): Promise<void>
  close(): Promise<void>
}

/** The caller limits its size; lost when the process ends. */
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

/** As many from the front as fit, and at least one. */
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

/** UTF-16 units: fast, and exact for ASCII, which bodies mostly are. */
export function sizeOf(report: Report): number {
  return report.request_id.length + report.body.length
}
