/**
 * Collects reports and sends them together: by number or by time, whichever comes first.
 *
 * Bounded: a push into a full buffer waits, is refused, or drops the oldest report, as configured.
 * A report leaves only when the server kept it, or will never accept it.
 */

import type { Deliver, Settled } from '../assets/batch.ts'
import { BufferError } from '../assets/errors.ts'
import type { Report } from '../assets/report.ts'
import type { Reading } from '../assets/stamps.ts'
import type { Timing } from '../timing/timing.ts'
import { Admission, type WhenFull } from './admission.ts'
import { Drain, type DrainSettings } from './drain.ts'
import type { KeptReport } from './report-queue.ts'

/** Called about reports between a push and the server. Errors they throw are ignored. */
export interface BufferEvents {
  /** The server will never accept this report; it has left the queue. */
  onRefused?(report: Report, error: Error): void
  /** A request failed; everything stays queued and is sent again. */
  onFailure?(error: Error, retryInMs: number): void
  /**
   * The server refused times in the future, so the report is sent with others: `sent.body` has
   * them.
   */
  onTimeMoved?(report: Report, sent: Report): void
  /** A full buffer dropped its oldest report (`whenFull: 'drop_oldest'`). */
  onDropped?(report: Report): void
}

export interface BufferSettings extends DrainSettings, BufferEvents {
  readonly maxQueuedItems: number
  readonly maxQueuedBytes: number
  readonly whenFull: WhenFull
}

export interface BufferDeps {
  readonly prepare: (data: Reading) => Report
  readonly deliver: Deliver
  readonly timing: Timing
}

export interface FlushOptions {
  /** How long to try. */
  readonly deadlineMs?: number
}

const FLUSH_DEADLINE_MS = 30_000
const CLOSE_DEADLINE_MS = 5_000

export class ReportBuffer {
  readonly #settings: BufferSettings
  readonly #deps: BufferDeps
  readonly #admission: Admission
  readonly #drain: Drain
  /** How many reports were ever queued; earlier ones leave the queue first. */
  #entered: number
  #flushes: { readonly through: number; readonly done: () => void }[] = []
  /** Dropped while being sent: the answer shows whether they are lost. */
  readonly #droppedInFlight = new Set<number>()
  #closing: Promise<number> | null = null

  constructor(settings: BufferSettings, deps: BufferDeps) {
    this.#settings = settings
    this.#deps = deps
    this.#entered = settings.queue.items
    this.#admission = new Admission({ ...settings, dropOldest: () => this.#dropOldest() })
    this.#drain = new Drain(settings, {
      ...deps,
      onSettled: (reports, settled) => this.#left(reports, settled),
      onEnded: (reports, settled) => this.#reportDropped(reports.slice(settled)),
      onFailure: (error, retryInMs) => quietly(() => settings.onFailure?.(error, retryInMs)),
    })
    // Reports left by an earlier run have waited long enough.
    if (this.items > 0) this.#drain.start(0)
  }

  /** How many reports are kept and not delivered yet. */
  get items(): number {
    return this.#settings.queue.items
  }

  /**
   * Keeps a report for delivery. One without a `timestamp` gets the server's time, as far as it is
   * known; see `BufferEvents.onTimeMoved` for one from the future.
   *
   * Resolves when it is kept: in memory at once, in a spool as durably as the spool promises. With
   * `whenFull: 'wait'` it waits while the buffer is full: await it, and the device reads its
   * sensors no faster than its readings can be kept.
   *
   * @throws ValidationError; BufferError when it is full or closed; the spool's own error. In each
   *   case the report is not kept.
   */
  async push(
    data: Reading,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<{ readonly request_id: string }> {
    if (this.#closing !== null) throw closedError()
    const report = this.#deps.prepare(data)
    const arrived = await this.#admission.enter(report, signal)
    try {
      await this.#settings.queue.append(report)
      this.#entered += 1
    } finally {
      arrived()
    }
    this.#drain.start()
    return { request_id: report.request_id }
  }

  /**
   * Sends everything pushed so far, without waiting for batches to fill.
   *
   * @returns how many reports are still queued: usually 0; more after the deadline, or when more
   *   were pushed.
   */
  async flush({ deadlineMs = FLUSH_DEADLINE_MS }: FlushOptions = {}): Promise<number> {
    if (this.items === 0) return 0
    const ended = new AbortController()
    const flush = { through: this.#entered, done: () => ended.abort() }
    this.#flushes.push(flush)
    this.#drain.hurry(true)
    await this.#deps.timing.wait(deadlineMs, ended.signal, true)
    this.#flushes = this.#flushes.filter((one) => one !== flush)
    this.#drain.hurry(this.#flushes.length > 0)
    return this.items
  }

  /**
   * Accepts no more reports, tries at once to send the queued ones, and closes the queue. Reports
   * left in a spool are sent when it is opened again; those left in memory are lost.
   *
   * A second call waits for the first.
   *
   * @returns how many reports were left.
   */
  close({ deadlineMs = CLOSE_DEADLINE_MS }: FlushOptions = {}): Promise<number> {
    this.#closing ??= this.#close(deadlineMs)
    return this.#closing
  }

  async #close(deadlineMs: number): Promise<number> {
    this.#admission.close(closedError())
    this.#drain.retryNow()
    const left = await this.flush({ deadlineMs })
    await this.#drain.stop(closedError())
    await this.#settings.queue.close()
    return left
  }

  #left(reports: readonly KeptReport[], settled: readonly Settled[]): void {
    for (const [index, one] of settled.entries()) {
      const report = reports[index] as KeptReport
      if (one.kind === 'refused') quietly(() => this.#settings.onRefused?.(report, one.error))
    }
    this.#madeRoom()
  }

  async #dropOldest(): Promise<boolean> {
    const { queue } = this.#settings
    const [oldest] = await queue.peek({ maxItems: 1, maxBytes: 0 })
    if (oldest === undefined) return false
    const isInFlight = oldest.seq <= this.#drain.inFlightThrough
    if (isInFlight) this.#droppedInFlight.add(oldest.seq)
    await queue.removeThrough(oldest.seq)
    if (!isInFlight) quietly(() => this.#settings.onDropped?.(oldest))
    this.#madeRoom()
    return true
  }

  #reportDropped(unsettled: readonly KeptReport[]): void {
    for (const report of unsettled) {
      if (this.#droppedInFlight.has(report.seq)) quietly(() => this.#settings.onDropped?.(report))
    }
    this.#droppedInFlight.clear()
  }

  #madeRoom(): void {
    this.#admission.madeRoom()
    const gone = this.#entered - this.items
    for (const { through, done } of this.#flushes) if (gone >= through) done()
  }
}

function closedError(): BufferError {
  return new BufferError('buffer_closed', 'The buffer is closed')
}

/** An error thrown by a listener must not stop the delivery. */
export function quietly(listener: () => void): void {
  try {
    listener()
  } catch {}
}
