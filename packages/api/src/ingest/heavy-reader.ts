/**
 * Parses large bodies on a thread of their own, with turns for each tenant. Small bodies are parsed
 * on the main thread, since handing one over costs more than parsing it.
 *
 * The thread starts with the first large body. If it dies, the requests of its bodies fail.
 */

import { JsonBodyError } from '@modulariot/platform/json'
import { type Caller, type CallOptions, threadCaller } from '@modulariot/platform/threads'
import { ApiError } from '../errors/api-error.ts'
import type { ClientBudget } from '../limits/client-budget.ts'
import { createTenantTurns, type TurnLimits } from '../limits/tenant-turns.ts'
import type { SealedObservations } from '../store/store.ts'
import { tenantName } from '../store/tenant-name.ts'
import type { BatchFormat, ItemIds } from './batch-items.ts'
import type { HeavyCalls, MovedBody, Outcome, ReadBatch, Refusal } from './heavy-thread.ts'
import type { BareOrigin, ReadOptions, ReadReport } from './read-report.ts'
import type { ReportBody } from './report-body.ts'

/** Larger reports are parsed on the thread. Parsing this many bytes takes at most 2 ms. */
export const HEAVY_BYTES = 16 * 1024

/** The thread has two bodies, one of which it parses; the others wait. */
export const HEAVY_LIMITS: TurnLimits = {
  running: 2,
  waiting: 64,
  waitingPerTenant: 32,
  maxWaitMs: 10_000,
}

const MAX_HELD_BYTES = 64 * 1024 ** 2

/** Far more than parsing the largest body needs. */
const MAX_HEAP_MB = 256

const RETRY_AFTER_SECONDS = 2

export interface HeavyOptions {
  /** Total size of the bodies waiting or being parsed, compressed ones as received. */
  readonly maxHeldBytes?: number
  /** The script of the thread; default: `heavy-thread.ts`. */
  readonly script?: URL
}

/** Calls the thread with a body, whose memory is transferred. */
type Read<Result> = (body: MovedBody, more: CallOptions) => Promise<Outcome<Result>>

export class HeavyReader {
  readonly #budget: ClientBudget
  readonly #turns = createTenantTurns(HEAVY_LIMITS, tooManyLarge)
  readonly #thread: Caller<HeavyCalls>
  readonly #maxHeldBytes: number
  #heldBytes = 0
  readonly #heldOf = new Map<string, number>()

  constructor(budget: ClientBudget, options: HeavyOptions = {}) {
    this.#budget = budget
    this.#maxHeldBytes = options.maxHeldBytes ?? MAX_HELD_BYTES
    this.#thread = threadCaller({
      script: options.script ?? new URL('./heavy-thread.ts', import.meta.url),
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
      errorOf: (message: string) => new Error(message),
      lost: (why, cause) => new Error(`the thread that parses large bodies ${why}`, { cause }),
    })
  }

  /**
   * Like `readReport`; the body is empty afterwards.
   *
   * @throws ApiError 429 when too many large bodies wait or the client has spent its budget, or as
   *   from `allBytes`; JsonBodyError for a body that is not UTF-8.
   */
  read(
    body: ReportBody,
    origin: BareOrigin,
    options: ReadOptions,
  ): Promise<ReadReport<SealedObservations>> {
    return this.#inTurn(body, origin, (moved, more) =>
      this.#thread.call('read', [moved, origin, options], more),
    )
  }

  /**
   * Parses and validates every item of a batch.
   *
   * @param begin called on its turn; if it throws, the batch is not parsed.
   * @throws ApiError and JsonBodyError, as from `read`, `itemsOf` and `createItemValidator`; what
   *   `begin` throws.
   */
  readBatch(
    body: ReportBody,
    how: { readonly format: BatchFormat; readonly ids: ItemIds },
    origin: BareOrigin,
    validation: ReadOptions['validation'],
    begin: () => void,
  ): Promise<ReadBatch> {
    const read: Read<ReadBatch> = (moved, more) =>
      this.#thread.call('readBatch', [moved, origin, how, validation], more)
    return this.#inTurn(body, origin, read, begin)
  }

  /** Ends the thread. Pending and later calls reject. */
  close(): Promise<void> {
    return this.#thread.terminate()
  }

  async #inTurn<Result>(
    body: ReportBody,
    origin: BareOrigin,
    read: Read<Result>,
    begin = (): void => {},
  ): Promise<Result> {
    this.#budget.assertWithin(origin.client_id)
    const release = this.#hold(tenantName(origin), body.bytes.length)
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
      release()
    }
  }

  /**
   * Reserves bytes; a tenant can have at most half of them.
   *
   * @returns a function that releases them.
   */
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

/** The bytes in a buffer that can be transferred: their own if they fill it, else a copy. */
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
