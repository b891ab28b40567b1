/**
 * A worker thread that answers calls, seen from the calling thread.
 *
 * The worker starts with the first call. If it dies, its pending calls are rejected, and the next
 * call starts a new one. An idle worker does not keep the process alive.
 */

import { type ResourceLimits, Worker } from 'node:worker_threads'
import type { AnyCalls, CallPort, PortEvents } from './call-port.ts'
import { type CallErrors, Caller } from './caller.ts'

export interface ThreadOptions extends CallErrors {
  /** The module that the worker runs; it calls `answerCalls`. */
  readonly script: URL
  readonly workerData?: unknown
  readonly resourceLimits?: ResourceLimits
}

export function threadCaller<Calls extends AnyCalls>(options: ThreadOptions): Caller<Calls> {
  return new Caller({ ...options, open: (events) => start(options, events) })
}

function start(options: ThreadOptions, { answered, ended }: PortEvents): CallPort {
  const { script, workerData, resourceLimits } = options
  const worker = new Worker(script, { workerData, ...(resourceLimits && { resourceLimits }) })
  worker.on('message', answered)
  let cause: unknown
  worker.on('error', (error) => {
    cause = error
  })
  worker.on('exit', () => ended(cause))
  return {
    send: (message, moved) => worker.postMessage(message, moved),
    ref: () => worker.ref(),
    unref: () => worker.unref(),
    async close() {
      worker.ref()
      const exited = new Promise((resolve) => worker.once('exit', resolve))
      worker.postMessage('close')
      await exited
    },
    terminate: async () => void (await worker.terminate()),
  }
}
