/**
 * Group commit: writes observations that arrive together in one transaction.
 *
 * While one batch is written the next one gathers, and under load a moment longer
 * (`store/linger.ts`), so that each observation costs fewer fsyncs; a single report is not delayed.
 * The queue is bounded. What does not fit is refused at once and as early as possible, since
 * reading a body that is refused later takes time from writing.
 *
 * Tenants take turns, and a reserve is closed to batches and to a tenant that has half of the
 * queue. A tenant that floods the queue delays another's report by one transaction at most, and
 * never causes its refusal.
 */

import { FairQueue } from '@modulariot/platform/fair-queue'
import { StoreUnavailable } from '@modulariot/platform/storage'
import { ApiError } from '../errors/api-error.ts'
import { Linger } from '../store/linger.ts'
import { discard, isSealed } from '../store/packed.ts'
import type {
  AppendOutcome,
  Observation,
  SealedObservations,
  TelemetryStore,
} from '../store/store.ts'
import { tenantName } from '../store/tenant-name.ts'
import { TRANSACTION_LIMITS } from '../store/transaction-limits.ts'

export interface Room {
  readonly items: number
  /** Sum of the payload lengths, in characters. */
  readonly payload: number
}

/** Observations of one tenant. */
export type Observations = readonly Observation[] | SealedObservations

/** A reservation in the queue, until it is used or released. */
export interface HeldRoom {
  /**
   * Writes observations in one transaction, all or none, up to the reserved room. Sealed ones are
   * empty afterwards.
   *
   * @returns one outcome per observation, in order.
   * @throws StoreUnavailable when they could not be written.
   */
  commitAll(observations: Observations): Promise<AppendOutcome[]>
  /** Has no effect once the room is used. */
  release(): void
}

export interface CommitQueueLimits {
  readonly maxItems: number
  /** Sum of the payload lengths, in characters. */
  readonly maxPayload: number
  /** Part of the limit that is closed to batches and to a tenant that has half of the queue. */
  readonly reservedItems: number
  readonly reservedPayload: number
  /** Maximum items in one transaction. */
  readonly maxBatch: number
  /** Maximum characters in one transaction, unless a single group is longer. */
  readonly maxBatchPayload: number
}

export const COMMIT_QUEUE_LIMITS: CommitQueueLimits = {
  maxItems: 10_000,
  maxPayload: 64 * 1024 ** 2,
  reservedItems: 1_000,
  reservedPayload: 8 * 1024 ** 2,
  maxBatch: TRANSACTION_LIMITS.maxItems,
  maxBatchPayload: TRANSACTION_LIMITS.maxPayload,
}

/**
 * Characters. Longer sealed observations get their own transaction, since the store can transfer
 * the memory of a single item but copies the items of a larger batch.
 */
const MAX_COPIED_PAYLOAD = 256 * 1024

/** Observations that must be written in the same transaction. */
interface Group {
  readonly observations: Observations
  readonly room: Room
  readonly resolve: (outcomes: AppendOutcome[]) => void
  readonly reject: (error: unknown) => void
}

export class CommitQueue {
  readonly #store: Pick<TelemetryStore, 'append'>
  readonly #limits: CommitQueueLimits
  readonly #onCommitted: (batchSize: number) => void
  readonly #waiting = new FairQueue<Group>()
  readonly #linger = new Linger()
  /** Waiting or reserved, without the batch that is being written. */
  #items = 0
  #payload = 0
  #isWriting = false

  /** @param onCommitted called with the size of each written batch. */
  constructor(
    store: Pick<TelemetryStore, 'append'>,
    limits: CommitQueueLimits = COMMIT_QUEUE_LIMITS,
    onCommitted: (batchSize: number) => void = () => {},
  ) {
    this.#store = store
    this.#limits = limits
    this.#onCommitted = onCommitted
  }

  /** Number of observations waiting or reserved. */
  get depth(): number {
    return this.#items
  }

  /** @throws ApiError 429 when the queue has no such room. */
  assertRoom(room: Room): void {
    this.#assertRoom(room, room.items <= 1)
  }

  /**
   * Resolves once the observation is durable.
   *
   * @param observation if sealed, contains one observation and is empty afterwards.
   * @throws ApiError 429 when the queue is full; StoreUnavailable when it could not be written.
   */
  async commit(observation: Observation | SealedObservations): Promise<AppendOutcome> {
    const observations = isSealed(observation) ? observation : [observation]
    const tenant = tenantName(observation)
    const hasFewWaiting = this.#waiting.sizeOf(tenant) < this.#limits.maxItems / 2
    this.#assertRoom(roomFor(observations), hasFewWaiting)
    const [outcome] = await this.#enqueue(tenant, observations)
    return outcome as AppendOutcome
  }

  /**
   * Reserves room for observations that are not parsed yet; at most `maxBatch` items.
   *
   * @throws ApiError 429 when the queue has no such room.
   */
  hold(room: Room): HeldRoom {
    this.assertRoom(room)
    this.#take(room)
    let isHeld = true
    const release = (): void => {
      if (isHeld) this.#giveBack(room)
      isHeld = false
    }
    return {
      release,
      commitAll: (observations) => {
        release()
        const [first] = isSealed(observations) ? [observations] : observations
        if (first === undefined) return Promise.resolve([])
        return this.#enqueue(tenantName(first), observations)
      },
    }
  }

  #assertRoom({ items, payload }: Room, mayUseReserve: boolean): void {
    const { maxItems, maxPayload, reservedItems, reservedPayload } = this.#limits
    const tooMany = this.#items + items > maxItems - (mayUseReserve ? 0 : reservedItems)
    const tooMuch = this.#payload + payload > maxPayload - (mayUseReserve ? 0 : reservedPayload)
    if (tooMany || tooMuch) throw queueFull()
  }

  #take({ items, payload }: Room): void {
    this.#items += items
    this.#payload += payload
  }

  #giveBack({ items, payload }: Room): void {
    this.#items -= items
    this.#payload -= payload
  }

  #enqueue(tenant: string, observations: Observations): Promise<AppendOutcome[]> {
    const room = roomFor(observations)
    this.#take(room)
    const written = new Promise<AppendOutcome[]>((resolve, reject) => {
      this.#waiting.add(tenant, { observations, room, resolve, reject })
    })
    this.#linger.arrived(this.#waiting.size)
    if (!this.#isWriting) {
      this.#isWriting = true
      // Runs after the requests that are already readable, so that they share the first batch.
      setImmediate(() => this.#drain())
    }
    return isSealed(observations) ? written.finally(() => discard(observations)) : written
  }

  async #drain(): Promise<void> {
    while (this.#waiting.size > 0) {
      await this.#linger.gathered(this.#waiting.size)
      const batch = takeGroups(this.#waiting, this.#limits)
      for (const { room } of batch) this.#giveBack(room)
      await this.#write(batch)
      this.#linger.written(batch.length, this.#waiting.size)
    }
    this.#isWriting = false
  }

  async #write(batch: readonly Group[]): Promise<void> {
    try {
      const outcomes = await this.#store.append(
        batch.flatMap<Observation | SealedObservations>(({ observations }) => observations),
      )
      this.#onCommitted(outcomes.length)
      let from = 0
      for (const { room, resolve } of batch) {
        resolve(outcomes.slice(from, from + room.items))
        from += room.items
      }
    } catch (error) {
      if (error instanceof StoreUnavailable || batch.length === 1) {
        for (const { reject } of batch) reject(error)
        return
      }
      // A group that cannot be stored fails its whole batch. Halving isolates it and stores the
      // others.
      const half = Math.ceil(batch.length / 2)
      await this.#write(batch.slice(0, half))
      await this.#write(batch.slice(half))
    }
  }
}

/**
 * The next groups that fit in one transaction; at least one. A tenant's turn takes as much as fits,
 * so single reports of one tenant get as much room as a batch of another.
 */
function takeGroups(
  waiting: FairQueue<Group>,
  { maxBatch, maxBatchPayload }: CommitQueueLimits,
): Group[] {
  const groups: Group[] = []
  let items = 0
  let characters = 0
  const fits = ({ observations, room }: Group): boolean => {
    const isFirst = items === 0
    if (isSealed(observations) && room.payload > MAX_COPIED_PAYLOAD) {
      if (!isFirst) return false
      // Nothing else fits in the same transaction.
      items = maxBatch
      return true
    }
    const isWithin = items + room.items <= maxBatch && characters + room.payload <= maxBatchPayload
    if (!isFirst && !isWithin) return false
    items += room.items
    characters += room.payload
    return true
  }
  for (let turn = waiting.takeTurn(fits); turn.length > 0; turn = waiting.takeTurn(fits)) {
    groups.push(...turn)
  }
  return groups
}

function roomFor(observations: Observations): Room {
  if (isSealed(observations)) return { items: observations.count, payload: observations.payload }
  const payload = observations.reduce((sum, one) => sum + one.payload.length, 0)
  return { items: observations.length, payload }
}

function queueFull(): ApiError {
  return new ApiError(
    429,
    'Too many requests',
    'The server is receiving more data than it can write; retry later',
  )
}
