/** The main thread's end of the writer thread: batches go over, answers come back in order. */

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { StoreUnavailable } from '@modulariot/platform/storage'
import type { AppendOutcome, Observation } from '../store.ts'
import type { WriterAnswer } from './writer-thread.ts'

interface Pending {
  readonly resolve: (outcomes: AppendOutcome[]) => void
  readonly reject: (error: Error) => void
}

export class Writer {
  readonly #path: string
  #worker: Worker | null = null
  #pending: Pending[] = []

  constructor(path: string) {
    this.#path = path
  }

  append(batch: readonly Observation[]): Promise<AppendOutcome[]> {
    this.#worker ??= this.#start()
    const worker = this.#worker
    return new Promise((resolve, reject) => {
      this.#pending.push({ resolve, reject })
      worker.postMessage(batch)
    })
  }

  /** Waits for what was sent, then ends the thread. */
  async close(): Promise<void> {
    const worker = this.#worker
    if (worker === null) return
    worker.postMessage('close')
    await once(worker, 'exit')
  }

  /** A thread that dies takes what it was writing with it; the next batch starts another. */
  #start(): Worker {
    const worker = new Worker(new URL('./writer-thread.ts', import.meta.url), {
      workerData: { path: this.#path },
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
  if ('outcomes' in answer) pending?.resolve(answer.outcomes)
  else {
    const { message, unavailable } = answer.failed
    pending?.reject(unavailable ? new StoreUnavailable(message) : new Error(message))
  }
}
