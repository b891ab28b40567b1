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

export class HeavyReader {
  readonly #turns = createTenantTurns(HEAVY_LIMITS, tooManyLarge)
  #worker: Worker | null = null
  readonly #pending: PromiseWithResolvers<unknown>[] = []

  /** As `readReport`. @throws ApiError 429 when too many large bodies wait. */
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

  /** As `findJsonElements`. @throws ApiError 429 when too many large bodies wait; JsonBodyError */
  split(tenant: Tenant, text: string, max: number): Promise<number[]> {
    return this.#call('split', tenant, text, max)
  }

  /** Ends the thread; bodies that it has are not read. */
  async close(): Promise<void> {
    await this.#worker?.terminate()
  }

  #call<Name extends keyof HeavyCalls>(
    name: Name,
    tenant: Tenant,
    ...args: Parameters<HeavyCalls[Name]>
  ): Promise<ReturnType<HeavyCalls[Name]>> {
    return this.#turns.run(tenant, null, () => {
      this.#worker ??= this.#start()
      const pending = Promise.withResolvers<unknown>()
      this.#pending.push(pending)
      this.#worker.ref()
      this.#worker.postMessage([name, ...args])
      return pending.promise as Promise<ReturnType<HeavyCalls[Name]>>
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
