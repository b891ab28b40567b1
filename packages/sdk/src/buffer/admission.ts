/** Admits pushes to a bounded queue, or makes them wait, in the order in which they came. */

import { BufferError } from '../assets/errors.ts'
import type { Report } from '../assets/report.ts'
import { type ReportQueue, sizeOf } from './report-queue.ts'

/**
 * What happens to a push into a full buffer: it waits until there is room, is refused with
 * `buffer_full`, or replaces the oldest report.
 */
export type WhenFull = 'wait' | 'refuse' | 'drop_oldest'

export interface AdmissionSettings {
  readonly queue: Pick<ReportQueue, 'items' | 'bytes'>
  readonly maxQueuedItems: number
  readonly maxQueuedBytes: number
  readonly whenFull: WhenFull
  /** @returns false when there is nothing to drop. */
  readonly dropOldest: () => Promise<boolean>
}

interface Waiter {
  readonly bytes: number
  readonly enter: () => void
  readonly fail: (error: unknown) => void
}

export class Admission {
  readonly #settings: AdmissionSettings
  /** Admitted reports that are not in the queue yet. */
  #entering = { items: 0, bytes: 0 }
  #waiters: Waiter[] = []

  constructor(settings: AdmissionSettings) {
    this.#settings = settings
  }

  /**
   * Waits for room, as `whenFull` says.
   *
   * @returns a function to call once the report is in the queue, or could not be added.
   * @throws BufferError `buffer_full`; the signal's reason.
   */
  async enter(report: Report, signal?: AbortSignal): Promise<() => void> {
    const { maxQueuedBytes, whenFull, dropOldest } = this.#settings
    const bytes = sizeOf(report)
    signal?.throwIfAborted()
    if (bytes > maxQueuedBytes) throw full(`The report is larger than the whole buffer`)
    if (whenFull === 'drop_oldest') while (!this.#fits(bytes) && (await dropOldest())) {}
    if (this.#waiters.length > 0 || !this.#fits(bytes)) {
      if (whenFull === 'refuse') throw full('The buffer is full')
      await this.#wait(bytes, signal)
    } else this.#reserve(bytes)
    return () => this.#arrived(bytes)
  }

  /** Admits the pushes that fit now. Call it when reports have left the queue. */
  madeRoom(): void {
    let first = this.#waiters[0]
    while (first !== undefined && this.#fits(first.bytes)) {
      this.#waiters.shift()
      this.#reserve(first.bytes)
      first.enter()
      first = this.#waiters[0]
    }
  }

  /** Fails every waiting push. */
  close(error: Error): void {
    for (const { fail } of this.#waiters.splice(0)) fail(error)
  }

  #fits(bytes: number): boolean {
    const { queue, maxQueuedItems, maxQueuedBytes } = this.#settings
    return (
      queue.items + this.#entering.items < maxQueuedItems &&
      queue.bytes + this.#entering.bytes + bytes <= maxQueuedBytes
    )
  }

  #reserve(bytes: number): void {
    this.#entering.items += 1
    this.#entering.bytes += bytes
  }

  #arrived(bytes: number): void {
    this.#entering.items -= 1
    this.#entering.bytes -= bytes
    this.madeRoom()
  }

  #wait(bytes: number, signal?: AbortSignal): Promise<void> {
    // Each waiting push holds its report, so their number is limited too.
    if (this.#waiters.length >= this.#settings.maxQueuedItems) {
      throw full('The buffer is full, and too many pushes are waiting: await each push')
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        bytes,
        enter() {
          signal?.removeEventListener('abort', giveUp)
          resolve()
        },
        fail(error) {
          signal?.removeEventListener('abort', giveUp)
          reject(error)
        },
      }
      const giveUp = () => {
        this.#waiters = this.#waiters.filter((one) => one !== waiter)
        waiter.fail(signal?.reason)
        this.madeRoom()
      }
      signal?.addEventListener('abort', giveUp)
      this.#waiters.push(waiter)
    })
  }
}

function full(message: string): BufferError {
  return new BufferError('buffer_full', message)
}
