/**
 * Group commit: observations that arrive together are written together.
 *
 * While one batch is on its way to the disk the next one gathers, so the more arrive the fewer fsyncs
 * each costs, and nobody waits for a timer. The queue is bounded; what does not fit is refused at once,
 * so that what was accepted is answered in time.
 */

import { ApiError } from '../api-error.ts'
import type { AppendOutcome, Observation, TelemetryStore } from '../store/store.ts'

export interface CommitQueue {
  /**
   * Resolves once the observation is durable.
   *
   * @throws ApiError 429 when the queue is full; StoreUnavailable when it could not be written.
   */
  commit(observation: Observation): Promise<AppendOutcome>
  /** How many observations wait, the batch that is being written not counted. */
  depth(): number
}

export interface CommitQueueLimits {
  readonly maxItems: number
  /** Sum of the payloads' lengths, in characters. */
  readonly maxPayload: number
  /** Items written in one transaction. */
  readonly maxBatch: number
}

export const COMMIT_QUEUE_LIMITS: CommitQueueLimits = {
  maxItems: 10_000,
  maxPayload: 64 * 1024 ** 2,
  maxBatch: 1_000,
}

interface Waiting {
  readonly observation: Observation
  readonly resolve: (outcome: AppendOutcome) => void
  readonly reject: (error: unknown) => void
}

/** @param committed told the size of every batch that was written. */
export function createCommitQueue(
  store: Pick<TelemetryStore, 'append'>,
  limits: CommitQueueLimits = COMMIT_QUEUE_LIMITS,
  committed: (batchSize: number) => void = () => {},
): CommitQueue {
  let waiting: Waiting[] = []
  let waitingPayload = 0
  let writing = false

  async function drain(): Promise<void> {
    writing = true
    while (waiting.length > 0) {
      const batch = waiting.slice(0, limits.maxBatch)
      waiting = waiting.slice(limits.maxBatch)
      for (const { observation } of batch) waitingPayload -= observation.payload.length
      await write(batch)
    }
    writing = false
  }

  async function write(batch: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await store.append(batch.map(({ observation }) => observation))
      committed(batch.length)
      batch.forEach(({ resolve }, index) => {
        resolve(outcomes[index] as AppendOutcome)
      })
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  return {
    depth: () => waiting.length,
    commit(observation) {
      const payload = waitingPayload + observation.payload.length
      if (waiting.length >= limits.maxItems || payload > limits.maxPayload) {
        return Promise.reject(tooMany())
      }
      waitingPayload = payload
      return new Promise((resolve, reject) => {
        waiting.push({ observation, resolve, reject })
        // After the requests that are already readable, so that they share the first batch.
        if (!writing) {
          writing = true
          setImmediate(drain)
        }
      })
    },
  }
}

function tooMany(): ApiError {
  return new ApiError(
    429,
    'Too many requests',
    'More data arrives than can be written; send it again',
  )
}
