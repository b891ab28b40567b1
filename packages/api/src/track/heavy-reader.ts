/**
 * Large bodies are read on a thread of their own, tenant by tenant; small ones where they are, since to hand one
 * over costs more than to read it.
 *
 * The thread starts with the first large body. One that dies takes the bodies it had with it; the next call
 * starts another.
 */

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { JsonBodyError, type ValueBudget } from '@modulariot/platform/http'
import { ApiError } from '../api-error.ts'
import { unpack } from '../store/packed.ts'
import type { Tenant } from '../store/store.ts'
import type { ClientBudget } from './client-budget.ts'
import type { HeavyAnswer, HeavyCalls } from './heavy-thread.ts'
import type { Origin, ReadOptions, ReadReport } from './read-report.ts'
import { createTenantTurns, type TurnLimits } from './tenant-turns.ts'

/** Characters: what has more is large. Two milliseconds are the most that this many cost. */
export const HEAVY_LENGTH = 16 * 1024

/** Two are with the thread, one of which it reads; the others wait, up to a mebibyte each. */
export const HEAVY_LIMITS: TurnLimits = {
  running: 2,
  waiting: 64,
  waitingPerTenant: 32,
  maxWaitMs: 10_000,
}

/** Far more than the largest body takes while it is read. */
const MAX_HEAP_MB = 256

const RETRY_AFTER_SECONDS = 2

/** Who pays for the reading, and whose turn it is. */
export type Sender = Tenant & { readonly client_id: string }

type Pending = Omit<PromiseWithResolvers<unknown>, 'promise'> & {
  readonly charge: (ms: number) => void
}

export class HeavyReader {
  readonly #budget: ClientBudget
  readonly #turns = createTenantTurns(HEAVY_LIMITS, tooManyLarge)
  #worker: Worker | null = null
  readonly #pending: Pending[] = []

  constructor(budget: ClientBudget) {
    this.#budget = budget
  }

  /** As `readReport`. @throws ApiError 429 when too many large bodies wait, or the client has spent its budget. */
  async read(
    text: string,
    origin: Origin,
    options: ReadOptions,
    budget?: ValueBudget,
  ): Promise<ReadReport> {
    const { read, left } = await this.#call('read', origin, text, origin, options, budget)
    if (budget !== undefined && left !== null) budget.left = left
    if (read.kind !== 'good') return read
    const observation = unpack(read.observation)
    const body_digest = Buffer.from(observation.body_digest)
    return { ...read, observation: { ...observation, body_digest } }
  }

  /** As `findJsonElements`. @throws ApiError 429, as `read`; JsonBodyError */
  split(sender: Sender, text: string, max: number): Promise<number[]> {
    return this.#call('split', sender, text, max)
  }

  /** Ends the thread; bodies that it has are not read. */
  async close(): Promise<void> {
    await this.#worker?.terminate()
  }

  async #call<Name extends keyof HeavyCalls>(
    name: Name,
    sender: Sender,
    ...args: Parameters<HeavyCalls[Name]>
  ): Promise<ReturnType<HeavyCalls[Name]>> {
    this.#budget.assertWithin(sender.client_id)
    return this.#turns.run(sender, null, () => {
      this.#worker ??= this.#start()
      const { promise, ...settle } = Promise.withResolvers<unknown>()
      const charge = (ms: number): void => this.#budget.charge(sender.client_id, ms)
      this.#pending.push({ ...settle, charge })
      this.#worker.ref()
      this.#worker.postMessage([name, ...args])
      return promise as Promise<ReturnType<HeavyCalls[Name]>>
    })
  }

  #start(): Worker {
    const worker = new Worker(new URL('./heavy-thread.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    })
    worker.on('message', (answer: HeavyAnswer) => {
      const pending = this.#pending.shift()
      // Idle, it keeps no process from ending.
      if (this.#pending.length === 0) worker.unref()
      pending?.charge(answer.cpuMs)
      if ('result' in answer) pending?.resolve(answer.result)
      else if (answer.isJsonFault) pending?.reject(new JsonBodyError(answer.failed))
      else pending?.reject(new Error(answer.failed))
    })
    let cause: unknown
    worker.on('error', (error) => {
      cause = error
    })
    void once(worker, 'exit').then(() => {
      this.#worker = null
      for (const { reject } of this.#pending.splice(0)) {
        reject(new Error('the thread that reads large bodies stopped', { cause }))
      }
    })
    return worker
  }
}

function tooManyLarge(): ApiError {
  return new ApiError(
    429,
    'Too many large bodies',
    'More large bodies wait than can be read in time; send them one after the other, or smaller',
    RETRY_AFTER_SECONDS,
  )
}
