/**
 * Delivers a queue, oldest first, one request at a time: waits until a batch is due, sends it, and
 * after a failure waits and sends again. Reports leave the queue only once they are settled.
 */

import type { Deliver, Delivery, Settled } from '../assets/batch.ts'
import { isRetryable, retryAfterOf } from '../request/retries.ts'
import { type BackoffLimits, backoffMs } from '../timing/backoff.ts'
import type { Timing } from '../timing/timing.ts'
import type { KeptReport, ReportQueue } from './report-queue.ts'

export interface DrainSettings {
  readonly queue: ReportQueue
  readonly maxBatchItems: number
  readonly maxBatchBytes: number
  /** How long a report may wait for others to share its request. */
  readonly maxDelayMs: number
  readonly backoff: BackoffLimits
}

export interface DrainDeps {
  readonly deliver: Deliver
  readonly timing: Timing
  /** Called when these reports have left the queue. */
  readonly onSettled: (reports: readonly KeptReport[], settled: readonly Settled[]) => void
  /**
   * Called when the request with these reports has ended; only the first `settled` of them were
   * settled.
   */
  readonly onEnded: (reports: readonly KeptReport[], settled: number) => void
  readonly onFailure: (error: Error, retryInMs: number) => void
}

export class Drain {
  readonly #settings: DrainSettings
  readonly #deps: DrainDeps
  readonly #stop = new AbortController()
  #running: Promise<void> | null = null
  /** The current wait, for a batch to fill or after a failure; abort `end` to end it. */
  #waiting: { readonly for: 'batch' | 'retry'; readonly end: AbortController } | null = null
  #hurried = false
  #inFlightThrough = 0
  #dueAtMs = 0
  #failures = 0

  constructor(settings: DrainSettings, deps: DrainDeps) {
    this.#settings = settings
    this.#deps = deps
  }

  /** `seq` of the last report of the request in progress; 0 when there is none. */
  get inFlightThrough(): number {
    return this.#inFlightThrough
  }

  /** Call when reports are queued. The first waits at most this long for others. */
  start(delayMs: number = this.#settings.maxDelayMs): void {
    if (this.#waiting?.for === 'batch' && this.#isFull()) this.#waiting.end.abort()
    if (this.#running !== null || this.#stop.signal.aborted) return
    this.#dueAtMs = this.#deps.timing.now() + delayMs
    this.#running = this.#drain()
  }

  /** While true, no report waits for a batch to fill. */
  hurry(on: boolean): void {
    this.#hurried = on
    if (on && this.#waiting?.for === 'batch') this.#waiting.end.abort()
  }

  /** Ends the wait after a failure and retries now. */
  retryNow(): void {
    if (this.#waiting?.for === 'retry') this.#waiting.end.abort()
  }

  /** Aborts the request in progress; unsettled reports stay queued. */
  async stop(reason: Error): Promise<void> {
    this.#stop.abort(reason)
    this.#waiting?.end.abort()
    await this.#running
  }

  async #drain(): Promise<void> {
    const { queue, maxDelayMs } = this.#settings
    while (queue.items > 0 && !this.#stop.signal.aborted) {
      if (!this.#hurried && !this.#isFull()) await this.#wait('batch', this.#untilDueMs())
      if (this.#stop.signal.aborted) break
      const failure = await this.#deliverOne().catch((error) => error as Error)
      this.#dueAtMs = this.#deps.timing.now() + maxDelayMs
      if (failure === null) this.#failures = 0
      else if (!this.#stop.signal.aborted) await this.#afterFailure(failure)
    }
    // In the same turn as the last check: a later push starts it again.
    this.#running = null
  }

  async #deliverOne(): Promise<Error | null> {
    const { queue, maxBatchItems, maxBatchBytes } = this.#settings
    const batch = await queue.peek({ maxItems: maxBatchItems, maxBytes: maxBatchBytes })
    if (batch.length === 0) return this.#foundNothing()
    const { settled, failure } = await this.#send(batch)
    const done = batch.slice(0, settled.length)
    const last = done.at(-1)
    if (last !== undefined) {
      await queue.removeThrough(last.seq)
      this.#deps.onSettled(done, settled)
    }
    return failure
  }

  async #send(batch: readonly KeptReport[]): Promise<Delivery> {
    let settled = 0
    this.#inFlightThrough = batch.at(-1)?.seq ?? 0
    try {
      const delivery = await this.#deps.deliver(batch, this.#stop.signal)
      settled = delivery.settled.length
      return delivery
    } finally {
      this.#inFlightThrough = 0
      this.#deps.onEnded(batch, settled)
    }
  }

  /**
   * The queue may have discarded damaged reports; if it returns none but counts some, this must not
   * loop.
   */
  #foundNothing(): Error | null {
    this.#deps.onSettled([], [])
    return this.#settings.queue.items === 0
      ? null
      : new Error('The queue holds reports but returns none')
  }

  async #afterFailure(failure: Error): Promise<void> {
    const { baseMs, maxMs } = this.#settings.backoff
    this.#failures += 1
    // A failure that waiting cannot fix (wrong credentials) is no reason to lose readings, nor to
    // retry often.
    const limits = isRetryable(failure) ? { baseMs, maxMs } : { baseMs: maxMs, maxMs }
    const chance = this.#deps.timing.random()
    const delayMs = backoffMs(this.#failures, retryAfterOf(failure), limits, chance)
    this.#deps.onFailure(failure, delayMs)
    await this.#wait('retry', delayMs)
  }

  /** The process may end during the wait exactly when the queue survives that. */
  async #wait(reason: 'batch' | 'retry', delayMs: number): Promise<void> {
    const end = new AbortController()
    this.#waiting = { for: reason, end }
    await this.#deps.timing.wait(delayMs, end.signal, !this.#settings.queue.outlivesProcess)
    this.#waiting = null
  }

  #untilDueMs(): number {
    return Math.max(0, this.#dueAtMs - this.#deps.timing.now())
  }

  #isFull(): boolean {
    const { queue, maxBatchItems, maxBatchBytes } = this.#settings
    return queue.items >= maxBatchItems || queue.bytes >= maxBatchBytes
  }
}
