/**
 * Large bodies are read on a thread of their own, tenant by tenant; small ones where they are,
 * since to hand one over costs more than to read it.
 *
 * The thread starts with the first large body. If it dies, the bodies it had are lost and their
 * requests fail.
 */

import { JsonBodyError } from '@modulariot/platform/json'
import { type CallOptions, Thread } from '@modulariot/platform/threads'
import { ApiError } from '../errors/api-error.ts'
import type { ClientBudget } from '../limits/client-budget.ts'
import { createTenantTurns, type TurnLimits } from '../limits/tenant-turns.ts'
import type { SealedObservations } from '../store/store.ts'
import { tenantName } from '../store/tenant-name.ts'
import type { BatchFormat } from './batch-items.ts'
import type { HeavyCalls, JudgedBatch, MovedBody, Outcome, Refusal } from './heavy-thread.ts'
import type { Origin, ReadOptions, ReadReport } from './read-report.ts'
import type { ReportBody } from './report-body.ts'

/** A larger report is read on the thread. Two milliseconds are the most that this many cost. */
export const HEAVY_BYTES = 16 * 1024

/** Two are with the thread, one of which it reads; the others wait. */
export const HEAVY_LIMITS: TurnLimits = {
  running: 2,
  waiting: 64,
  waitingPerTenant: 32,
  maxWaitMs: 10_000,
}

const MAX_HELD_BYTES = 64 * 1024 ** 2

/** Far more than the largest body takes while it is read. */
const MAX_HEAP_MB = 256

const RETRY_AFTER_SECONDS = 2

export interface HeavyOptions {
  /** In all bodies that wait or are read, compressed ones as they came. */
  readonly maxHeldBytes?: number
  /** What the thread runs, in the place of `heavy-thread.ts`. */
  readonly script?: URL
}

/** Calls the thread with a body that is moved. */
type Read<Result> = (body: MovedBody, more: CallOptions) => Promise<Outcome<Result>>

export class HeavyReader {
  readonly #budget: ClientBudget
  readonly #turns = createTenantTurns(HEAVY_LIMITS, tooManyLarge)
  readonly #thread: Thread<HeavyCalls>
  readonly #maxHeldBytes: number
  #heldBytes = 0
  readonly #heldOf = new Map<string, number>()

  constructor(budget: ClientBudget, options: HeavyOptions = {}) {
    this.#budget = budget
    this.#maxHeldBytes = options.maxHeldBytes ?? MAX_HELD_BYTES
    this.#thread = new Thread({
      script: options.script ?? new URL('./heavy-thread.ts', import.meta.url),
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
      errorOf: (message: string) => new Error(message),
      lost: (why, cause) => new Error(`the thread that reads large bodies ${why}`, { cause }),
    })
  }

  /**
   * As `readReport`; the body is empty afterwards.
   *
   * @throws ApiError 429 when too many large bodies wait, or the client has spent its budget, or as
   *   `allBytes`; JsonBodyError for what is not UTF-8.
   */
  read(
    body: ReportBody,
    origin: Origin,
    options: ReadOptions,
  ): Promise<ReadReport<SealedObservations>> {
    return this.#inTurn(body, origin, (moved, more) =>
      this.#thread.call('read', [moved, origin, options], more),
    )
  }

  /**
   * Every item of a batch.
   *
   * @param begin called when its turn has come; if it throws, the batch is not read.
   * @throws ApiError and JsonBodyError, as `read`, `itemsOf` and `createJudge`; what `begin`
   *   throws.
   */
  readBatch(
    body: ReportBody,
    format: BatchFormat,
    origin: Origin,
    unknownKeys: ReadOptions['unknownKeys'],
    begin: () => void,
  ): Promise<JudgedBatch> {
    const read: Read<JudgedBatch> = (moved, more) =>
      this.#thread.call('readBatch', [moved, origin, format, unknownKeys], more)
    return this.#inTurn(body, origin, read, begin)
  }

  /** Ends the thread; bodies that it has, or that come later, are not read. */
  close(): Promise<void> {
    return this.#thread.terminate()
  }

  async #inTurn<Result>(
    body: ReportBody,
    origin: Origin,
    read: Read<Result>,
    begin = (): void => {},
  ): Promise<Result> {
    this.#budget.assertWithin(origin.client_id)
    const giveBack = this.#hold(tenantName(origin), body.bytes.length)
    try {
      return await this.#turns.run(origin, null, async () => {
        begin()
        const bytes = movable(body.bytes)
        const outcome = await read({ ...body, bytes }, { moved: [bytes.buffer] })
        this.#budget.charge(origin.client_id, outcome.cpuMs)
        if (!('read' in outcome)) throw errorOf(outcome)
        return outcome.read
      })
    } finally {
      giveBack()
    }
  }

  /** A tenant gets half at most. @returns gives it back. */
  #hold(tenant: string, length: number): () => void {
    const ofTenant = (this.#heldOf.get(tenant) ?? 0) + length
    const inAll = this.#heldBytes + length
    if (inAll > this.#maxHeldBytes || ofTenant > this.#maxHeldBytes / 2) throw tooManyLarge()
    this.#heldBytes = inAll
    this.#heldOf.set(tenant, ofTenant)
    return () => {
      this.#heldBytes -= length
      const left = (this.#heldOf.get(tenant) ?? 0) - length
      if (left > 0) this.#heldOf.set(tenant, left)
      else this.#heldOf.delete(tenant)
    }
  }
}

/** Moved and not copied, if nothing else is in their memory. */
function movable(bytes: Buffer): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
    ? new Uint8Array(buffer)
    : new Uint8Array(bytes)
}

function errorOf(refusal: Refusal): Error {
  if ('notJson' in refusal) return new JsonBodyError(refusal.notJson)
  const { status, message, detail } = refusal.refused
  return new ApiError(status, message, detail)
}

function tooManyLarge(): ApiError {
  return new ApiError(
    429,
    'Too many large bodies',
    'Too many large bodies are waiting; send them one at a time, or smaller',
    RETRY_AFTER_SECONDS,
  )
}
