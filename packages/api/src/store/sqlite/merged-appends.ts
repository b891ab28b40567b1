/**
 * Writes batches that arrive together in one transaction, with one fsync: those of all processes
 * that have arrived while the last transaction was written. Runs on the writer thread.
 *
 * The batches stay apart: each is stored as a whole or not at all, and one that cannot be stored
 * fails alone.
 */

import { StoreUnavailable, translate } from '@modulariot/platform/storage'
import { extentOf, observationsOf, type Packed } from '../packed.ts'
import type { AppendOutcome, Observation, SealedPieces } from '../store.ts'
import { TRANSACTION_LIMITS } from '../transaction-limits.ts'

export type EncodedBatch = readonly (Packed | SealedPieces)[]

export interface MergedAppends {
  /** Batches are written in the order in which they were added. */
  add(batch: EncodedBatch): Promise<AppendOutcome[]>
  /** Writes what waits, before the next step of something else. */
  flush(): void
}

interface Waiting {
  readonly batch: EncodedBatch
  readonly resolve: (outcomes: AppendOutcome[]) => void
  readonly reject: (error: unknown) => void
}

/** @param append writes all or none, in one transaction. */
export function mergeAppends(
  append: (observations: readonly Observation[]) => AppendOutcome[],
  limits: { readonly maxItems: number; readonly maxPayload: number } = TRANSACTION_LIMITS,
): MergedAppends {
  let waiting: Waiting[] = []
  let isScheduled = false

  /** Runs once all messages that are there are read; after a transaction, that is what came. */
  function schedule(): void {
    if (isScheduled) return
    isScheduled = true
    setImmediate(() => {
      isScheduled = false
      writeNext()
      if (waiting.length > 0) schedule()
    })
  }

  /** As many batches as fit in one transaction, at least one. */
  function writeNext(): void {
    let [count, payload, batches] = [0, 0, 0]
    for (const { batch } of waiting) {
      for (const one of batch) {
        const extent = extentOf(one)
        count += extent.count
        payload += extent.payload
      }
      if (batches > 0 && (count > limits.maxItems || payload > limits.maxPayload)) break
      batches++
    }
    const fitting = waiting.slice(0, batches)
    waiting = waiting.slice(batches)
    if (fitting.length > 0) write(fitting)
  }

  function write(batches: readonly Waiting[]): void {
    try {
      const decoded = batches.map(({ batch }) => batch.flatMap(observationsOf))
      const outcomes = append(decoded.flat())
      let from = 0
      for (const [index, { resolve }] of batches.entries()) {
        const until = from + (decoded[index] as Observation[]).length
        resolve(outcomes.slice(from, until))
        from = until
      }
    } catch (error) {
      if (batches.length === 1 || translate(error) instanceof StoreUnavailable) {
        for (const { reject } of batches) reject(error)
        return
      }
      // A batch that cannot be stored fails its whole transaction. Halving isolates it and stores
      // the others.
      const half = Math.ceil(batches.length / 2)
      write(batches.slice(0, half))
      write(batches.slice(half))
    }
  }

  return {
    add(batch) {
      schedule()
      return new Promise((resolve, reject) => waiting.push({ batch, resolve, reject }))
    },
    flush() {
      while (waiting.length > 0) writeNext()
    },
  }
}
