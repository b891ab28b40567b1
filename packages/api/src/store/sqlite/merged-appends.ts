/**
 * Writes batches that arrive together in one transaction, with one fsync: those of all processes
 * that have arrived while the last transaction was written, or a moment later (`linger.ts`). Runs
 * on the writer thread.
 *
 * The batches stay apart: each is stored as a whole or not at all, and one that cannot be stored
 * fails alone.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { StoreUnavailable, translate } from '@modulariot/platform/storage'
import { Linger } from '../linger.ts'
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
  linger: Linger = new Linger(),
): MergedAppends {
  let waiting: Waiting[] = []
  let isDraining = false

  async function drain(): Promise<void> {
    // Reads all messages that are there first.
    await nextTurn()
    while (waiting.length > 0) {
      await linger.gathered(waiting.length)
      const written = writeNext()
      // Sends the outcomes, and reads what came.
      await nextTurn()
      linger.written(written, waiting.length)
    }
    isDraining = false
  }

  /** Writes as many batches as fit in one transaction, at least one. @returns how many. */
  function writeNext(): number {
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
    return fitting.length
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
      const outcomes = new Promise<AppendOutcome[]>((resolve, reject) => {
        waiting.push({ batch, resolve, reject })
      })
      linger.arrived(waiting.length)
      if (!isDraining) {
        isDraining = true
        void drain()
      }
      return outcomes
    },
    flush() {
      while (waiting.length > 0) writeNext()
    },
  }
}
