/**
 * Group commit: observations that arrive together are written together.
 *
 * While one batch is on its way to the disk the next one gathers, so the more arrive the fewer
 * fsyncs each costs, and nobody waits for a timer. The queue is bounded; what does not fit is
 * refused at once, so that what was accepted is answered in time, and as early as can be known: the
 * time it takes to read what is refused afterwards is taken from what is written.
 *
 * Tenants take turns, and no batch nor a tenant that has half of the queue gets the last places:
 * one that sends as much as it can delays another's report by the transaction under way, and never
 * has it refused.
 */

import { FairQueue } from '@modulariot/platform/fair-queue'
import { StoreUnavailable } from '@modulariot/platform/storage'
import { ApiError } from '../errors/api-error.ts'
import { discard, isSealed } from '../store/packed.ts'
import type {
  AppendOutcome,
  Observation,
  SealedObservations,
  TelemetryStore,
} from '../store/store.ts'
import { tenantName } from '../store/tenant-name.ts'

export interface CommitQueue {
  /**
   * Resolves once the observation (one, where it is sealed; it is empty afterwards) is durable.
   *
   * @throws ApiError 429 when the queue is full; StoreUnavailable when it could not be written.
   */
  commit(observation: Observation | SealedObservations): Promise<AppendOutcome>
  /**
   * Takes the room for observations that have still to be read; at most `maxBatch`.
   *
   * @throws ApiError 429 when there is not as much.
   */
  hold(room: Room): Place
  /** @throws ApiError 429 when there is not as much now. */
  assertRoom(room: Room): void
  /**
   * How many observations wait or are held room for, the batch that is being written not counted.
   */
  depth(): number
}

export interface Room {
  readonly items: number
  /** Sum of the payloads' lengths, in characters. */
  readonly payload: number
}

/** Of one tenant. */
export type Observations = readonly Observation[] | SealedObservations

/** Room that is held, until it is used or given back. */
export interface Place {
  /**
   * For observations that are kept or not kept together, in one transaction: one or more, and no
   * more than there is room for. Sealed ones are empty afterwards.
   *
   * @returns one outcome an observation, in order.
   * @throws StoreUnavailable when they could not be written.
   */
  commitAll(observations: Observations): Promise<AppendOutcome[]>
  /** Gives the room back, if it has not been used. */
  release(): void
}

export interface CommitQueueLimits {
  readonly maxItems: number
  /** Sum of the payloads' lengths, in characters. */
  readonly maxPayload: number
  /** Kept from batches, and from a tenant that has half of the queue. */
  readonly reservedItems: number
  readonly reservedPayload: number
  /** Items written in one transaction. */
  readonly maxBatch: number
  /** And characters, unless what came together is longer. */
  readonly maxBatchPayload: number
}

export const COMMIT_QUEUE_LIMITS: CommitQueueLimits = {
  maxItems: 10_000,
  maxPayload: 64 * 1024 ** 2,
  reservedItems: 1_000,
  reservedPayload: 8 * 1024 ** 2,
  maxBatch: 1_000,
  maxBatchPayload: 8 * 1024 ** 2,
}

/**
 * Characters: sealed ones that have more get a transaction of their own, since the store need not
 * copy what comes alone.
 */
const MAX_COPIED_PAYLOAD = 256 * 1024

/** What came together stays together. */
interface Group {
  readonly observations: Observations
  readonly room: Room
  readonly resolve: (outcomes: AppendOutcome[]) => void
  readonly reject: (error: unknown) => void
}

/** @param committed told the size of every batch that was written. */
export function createCommitQueue(
  store: Pick<TelemetryStore, 'append'>,
  limits: CommitQueueLimits = COMMIT_QUEUE_LIMITS,
  committed: (batchSize: number) => void = () => {},
): CommitQueue {
  const waiting = new FairQueue<Group>()
  let waitingItems = 0
  let waitingPayload = 0
  let writing = false

  async function drain(): Promise<void> {
    writing = true
    while (waiting.size > 0) {
      const batch = takeGroups(waiting, limits)
      for (const { room } of batch) {
        waitingItems -= room.items
        waitingPayload -= room.payload
      }
      await write(batch)
    }
    writing = false
  }

  async function write(batch: readonly Group[]): Promise<void> {
    try {
      const outcomes = await store.append(
        batch.flatMap<Observation | SealedObservations>(({ observations }) => observations),
      )
      committed(outcomes.length)
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
      // Something in it cannot be stored at all: that must not be the others' fate, so it is looked
      // for.
      const half = Math.ceil(batch.length / 2)
      await write(batch.slice(0, half))
      await write(batch.slice(half))
    }
  }

  /** @param ofTenant how many wait of the tenant whose it is, where that is known. */
  function assertRoom({ items, payload }: Room, ofTenant = 0): void {
    const isModest = items <= 1 && ofTenant < limits.maxItems / 2
    const maxItems = limits.maxItems - (isModest ? 0 : limits.reservedItems)
    const maxPayload = limits.maxPayload - (isModest ? 0 : limits.reservedPayload)
    const tooMany = waitingItems + items > maxItems
    const tooMuch = waitingPayload + payload > maxPayload
    if (tooMany || tooMuch) throw queueFull()
  }

  function hold(room: Room): Place {
    assertRoom(room)
    waitingItems += room.items
    waitingPayload += room.payload
    let held = true
    function release(): void {
      if (!held) return
      held = false
      waitingItems -= room.items
      waitingPayload -= room.payload
    }
    return {
      release,
      commitAll(observations) {
        release()
        const [first] = isSealed(observations) ? [observations] : observations
        return first === undefined ? Promise.resolve([]) : enqueue(tenantName(first), observations)
      },
    }
  }

  function enqueue(tenant: string, observations: Observations): Promise<AppendOutcome[]> {
    const room = roomFor(observations)
    waitingItems += room.items
    waitingPayload += room.payload
    const kept = new Promise<AppendOutcome[]>((resolve, reject) => {
      waiting.add(tenant, { observations, room, resolve, reject })
      // After the requests that are already readable, so that they share the first batch.
      if (!writing) {
        writing = true
        setImmediate(drain)
      }
    })
    return isSealed(observations) ? kept.finally(() => discard(observations)) : kept
  }

  return {
    assertRoom: (room) => assertRoom(room),
    hold,
    depth: () => waitingItems,
    async commit(observation) {
      const observations = isSealed(observation) ? observation : [observation]
      const tenant = tenantName(observation)
      assertRoom(roomFor(observations), waiting.sizeOf(tenant))
      const [outcome] = await enqueue(tenant, observations)
      return outcome as AppendOutcome
    },
  }
}

/**
 * As many of the next groups as are within one transaction together; at least one. A tenant's turn
 * is as much as fits: one that sends reports alone gets as many of them between as another's batch
 * has.
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
      // Nothing else fits after it.
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
    'The server receives more data than it can write; retry later',
  )
}
