/**
 * A worker thread that answers calls, seen from the calling thread; the worker's end is
 * `answer-calls.ts`.
 *
 * The worker starts with the first call. If it dies, its pending calls are rejected, and the next
 * call starts a new one. An idle worker does not keep the process alive.
 */

import { type ResourceLimits, Worker } from 'node:worker_threads'
import type { Answer, AnyCalls, Message } from './answer-calls.ts'

export interface ThreadOptions {
  /** The module that the worker runs; it calls `answerCalls`. */
  readonly script: URL
  readonly workerData?: unknown
  readonly resourceLimits?: ResourceLimits
  /** Builds an error from what the worker's `describe` returned. */
  readonly errorOf: (described: never) => Error
  /** The error of calls that get no answer: the worker was closed, or it died of `cause`. */
  readonly lost: (why: 'closed' | 'stopped', cause?: unknown) => Error
}

export interface CallOptions {
  /** Memory that is transferred instead of copied; empty on this side afterwards. */
  readonly moved?: readonly ArrayBuffer[]
  /**
   * When it aborts, the call rejects with its reason, and the worker's signal for the call aborts.
   */
  readonly signal?: AbortSignal | undefined
}

type Pending = Pick<PromiseWithResolvers<unknown>, 'resolve' | 'reject'>

export class Thread<Calls extends AnyCalls> {
  readonly #options: ThreadOptions
  readonly #pending = new Map<number, Pending>()
  #worker: Worker | null = null
  #calls = 0
  #closed = false
  #closing: Promise<void> | null = null

  constructor(options: ThreadOptions) {
    this.#options = options
  }

  /** @throws what the worker threw, built by `errorOf`; `lost()` when it died or was closed. */
  async call<Name extends keyof Calls & string>(
    name: Name,
    args: Parameters<Calls[Name]>,
    { moved = [], signal }: CallOptions = {},
  ): Promise<Awaited<ReturnType<Calls[Name]>>> {
    if (this.#closed) throw this.#options.lost('closed')
    signal?.throwIfAborted()
    this.#worker ??= this.#start()
    const worker = this.#worker
    const id = this.#calls++
    // Arguments that cannot be cloned throw here, before the call counts as pending.
    post(worker, { id, name, args }, moved)
    worker.ref()
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#pending.set(id, { resolve, reject })
    const abort = (): void => {
      reject(signal?.reason)
      post(worker, { abort: id })
    }
    signal?.addEventListener('abort', abort)
    try {
      return (await promise) as Awaited<ReturnType<Calls[Name]>>
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Refuses new calls, then ends the worker once it has answered the earlier ones. */
  close(): Promise<void> {
    this.#closed = true
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Refuses new calls and ends the worker at once; its pending calls are rejected. */
  async terminate(): Promise<void> {
    this.#closed = true
    await this.#worker?.terminate()
  }

  async #close(): Promise<void> {
    const worker = this.#worker
    if (worker === null) return
    worker.ref()
    const ended = new Promise((resolve) => worker.once('exit', resolve))
    post(worker, 'close')
    await ended
  }

  #start(): Worker {
    const { script, workerData, resourceLimits, errorOf, lost } = this.#options
    const worker = new Worker(script, { workerData, ...(resourceLimits && { resourceLimits }) })
    worker.on('message', (answer: Answer) => {
      const pending = this.#pending.get(answer.id)
      this.#pending.delete(answer.id)
      // While it closes, a caller waits for its end.
      if (this.#pending.size === 0 && !this.#closed) worker.unref()
      if ('result' in answer) pending?.resolve(answer.result)
      else pending?.reject(errorOf(answer.failed as never))
    })
    let cause: unknown
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('exit', () => {
      this.#worker = null
      const unanswered = [...this.#pending.values()]
      this.#pending.clear()
      for (const { reject } of unanswered) reject(lost('stopped', cause))
    })
    return worker
  }
}

function post(worker: Worker, message: Message, moved: readonly ArrayBuffer[] = []): void {
  worker.postMessage(message, moved)
}
