/** The main thread's end of the writer thread: calls go over, answers come back in order. */

import { Worker } from 'node:worker_threads'
import { StoreUnavailable } from '@modulariot/platform/storage'
import type { WriterAnswer, WriterCall, WriterCalls, WriterData } from './writer-thread.ts'

interface Pending {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

export class Writer {
  readonly #data: WriterData
  #worker: Worker | null = null
  #pending: Pending[] = []
  #closed = false

  constructor(data: WriterData) {
    this.#data = data
  }

  call<Name extends keyof WriterCalls>(
    ...call: WriterCall<Name>
  ): Promise<ReturnType<WriterCalls[Name]>> {
    return this.callMoving([], ...call)
  }

  /** @param moved memory that goes over without being copied, and is empty here afterwards. */
  callMoving<Name extends keyof WriterCalls>(
    moved: readonly ArrayBuffer[],
    ...call: WriterCall<Name>
  ): Promise<ReturnType<WriterCalls[Name]>> {
    if (this.#closed) return Promise.reject(new StoreUnavailable('the store is closed'))
    this.#worker ??= this.#start()
    const worker = this.#worker
    return new Promise((resolve, reject) => {
      this.#pending.push({ resolve: resolve as Pending['resolve'], reject })
      worker.postMessage(call, moved)
    })
  }

  /** Waits for what was sent, then ends the thread; whatever comes later is refused. */
  async close(): Promise<void> {
    this.#closed = true
    const worker = this.#worker
    if (worker === null) return
    worker.postMessage('close')
    // Whatever ends it: it may have failed before.
    await new Promise((resolve) => worker.once('exit', resolve))
  }

  /** A thread that dies takes what it was writing with it; the next call starts another. */
  #start(): Worker {
    const worker = new Worker(new URL('./writer-thread.ts', import.meta.url), {
      workerData: this.#data,
    })
    let cause: unknown
    worker.on('message', (answer: WriterAnswer) => settle(this.#pending.shift(), answer))
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('exit', () => {
      this.#worker = null
      const lost = this.#pending
      this.#pending = []
      for (const { reject } of lost) reject(new StoreUnavailable('the writer stopped', { cause }))
    })
    return worker
  }
}

function settle(pending: Pending | undefined, answer: WriterAnswer): void {
  if ('result' in answer) pending?.resolve(answer.result)
  else {
    const { message, unavailable } = answer.failed
    pending?.reject(unavailable ? new StoreUnavailable(message) : new Error(message))
  }
}
