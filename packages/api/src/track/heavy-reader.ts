/**
 * Large bodies are read on a thread of their own, tenant by tenant; small ones where they are, since to hand one
 * over costs more than to read it.
 *
 * The thread starts with the first large body. One that dies takes the bodies it had with it; the next call
 * starts another.
 */

import { Worker } from 'node:worker_threads'
import { JsonBodyError } from '@modulariot/platform/http'
import { ApiError } from '../api-error.ts'
import type { SealedObservations } from '../store/store.ts'
import { tenantName } from '../store/tenant-name.ts'
import type { BatchFormat } from './batch-items.ts'
import type { ClientBudget } from './client-budget.ts'
import type { HeavyAnswer, HeavyCalls } from './heavy-thread.ts'
import type { Origin, ReadOptions, ReadReport } from './read-report.ts'
import type { ReportBody } from './report-body.ts'
import { createTenantTurns, type TurnLimits } from './tenant-turns.ts'

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

type Pending = Omit<PromiseWithResolvers<HeavyAnswer>, 'promise'>

/** All but the body and its origin. */
type More<List extends unknown[]> = List extends [unknown, unknown, ...infer Others]
  ? Others
  : never

export class HeavyReader {
  readonly #budget: ClientBudget
  readonly #turns = createTenantTurns(HEAVY_LIMITS, tooManyLarge)
  #worker: Worker | null = null
  readonly #maxHeldBytes: number
  readonly #script: URL
  #heldBytes = 0
  readonly #heldOf = new Map<string, number>()
  #closed = false
  readonly #pending: Pending[] = []

  constructor(budget: ClientBudget, options: HeavyOptions = {}) {
    this.#budget = budget
    this.#maxHeldBytes = options.maxHeldBytes ?? MAX_HELD_BYTES
    this.#script = options.script ?? new URL('./heavy-thread.ts', import.meta.url)
  }

  /**
   * As `readReport`; the body is empty afterwards.
   *
   * @throws ApiError 429 when too many large bodies wait, or the client has spent its budget, or as `allBytes`;
   *   JsonBodyError for what is not UTF-8.
   */
  read(
    body: ReportBody,
    origin: Origin,
    options: ReadOptions,
  ): Promise<ReadReport<SealedObservations>> {
    return this.#call('read', body, origin, [options])
  }

  /**
   * Every item of a batch.
   *
   * @param begin called when its turn has come; if it throws, the batch is not read.
   * @throws ApiError and JsonBodyError, as `read`, `itemsOf` and `createJudge`; what `begin` throws.
   */
  readBatch(
    body: ReportBody,
    format: BatchFormat,
    origin: Origin,
    unknownKeys: ReadOptions['unknownKeys'],
    begin: () => void,
  ): Promise<ReturnType<HeavyCalls['readBatch']>> {
    return this.#call('readBatch', body, origin, [format, unknownKeys], begin)
  }

  /** Ends the thread; bodies that it has, or that come later, are not read. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#worker?.terminate()
  }

  async #call<Name extends keyof HeavyCalls>(
    name: Name,
    body: ReportBody,
    origin: Origin,
    more: More<Parameters<HeavyCalls[Name]>>,
    begin = (): void => {},
  ): Promise<ReturnType<HeavyCalls[Name]>> {
    this.#budget.assertWithin(origin.client_id)
    const { length } = body.bytes
    const giveBack = this.#hold(tenantName(origin), length)
    try {
      return await this.#turns.run(origin, null, async () => {
        begin()
        const bytes = movable(body.bytes)
        const answer = await this.#answer([name, { ...body, bytes }, origin, ...more], bytes.buffer)
        this.#budget.charge(origin.client_id, answer.cpuMs)
        if (!('result' in answer)) throw errorOf(answer)
        return answer.result as ReturnType<HeavyCalls[Name]>
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

  #answer(call: readonly unknown[], moved: ArrayBuffer): Promise<HeavyAnswer> {
    if (this.#closed) return Promise.reject(new Error('the reader of large bodies is closed'))
    this.#worker ??= this.#start()
    this.#worker.ref()
    this.#worker.postMessage(call, [moved])
    return new Promise((resolve, reject) => this.#pending.push({ resolve, reject }))
  }

  #start(): Worker {
    const worker = new Worker(this.#script, {
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    })
    worker.on('message', (answer: HeavyAnswer) => {
      const pending = this.#pending.shift()
      // Idle, it keeps no process from ending.
      if (this.#pending.length === 0) worker.unref()
      pending?.resolve(answer)
    })
    let cause: unknown
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('exit', () => {
      this.#worker = null
      for (const { reject } of this.#pending.splice(0)) {
        reject(new Error('the thread that reads large bodies stopped', { cause }))
      }
    })
    return worker
  }
}

/** Moved and not copied, if nothing else is in their memory. */
function movable(bytes: Buffer): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
    ? new Uint8Array(buffer)
    : new Uint8Array(bytes)
}

function errorOf(answer: Exclude<HeavyAnswer, { result: unknown }>): Error {
  if ('notJson' in answer) return new JsonBodyError(answer.notJson)
  if ('failed' in answer) return new Error(answer.failed)
  const { status, message, detail } = answer.refused
  return new ApiError(status, message, detail)
}

function tooManyLarge(): ApiError {
  return new ApiError(
    429,
    'Too many large bodies',
    'More large bodies wait than can be read in time; send them one after the other, or smaller',
    RETRY_AFTER_SECONDS,
  )
}
