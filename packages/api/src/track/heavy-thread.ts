/**
 * The thread that reads large bodies: to parse and check a mebibyte takes up to some twenty milliseconds, in
 * which the main thread serves others.
 */

import { parentPort } from 'node:worker_threads'
import { findJsonElements, JsonBodyError, type ValueBudget } from '@modulariot/platform/http'
import { pack } from '../store/packed.ts'
import { threadCpuMs } from './client-budget.ts'
import { type Origin, type ReadOptions, readReport } from './read-report.ts'

/** What can be called. Whatever a call throws but JsonBodyError is a fault of ours. */
const CALLS = {
  read(text: string, origin: Origin, options: ReadOptions, budget?: ValueBudget) {
    const read = readReport(text, origin, options, budget)
    const left = budget?.left ?? null
    return read.kind === 'good'
      ? { read: { ...read, observation: pack(read.observation) }, left }
      : { read, left }
  },
  split: findJsonElements,
}

export type HeavyCalls = typeof CALLS

export type HeavyAnswer = (
  | { readonly result: unknown }
  | { readonly failed: string; readonly isJsonFault: boolean }
) & {
  /** Milliseconds of processor time. */
  readonly cpuMs: number
}

const port = parentPort
if (port === null) throw new Error('heavy-thread.ts runs as a worker only')

port.on('message', ([name, ...args]: [keyof HeavyCalls, ...unknown[]]) => {
  const before = threadCpuMs()
  const answered = answer(() => (CALLS[name] as (...args: unknown[]) => unknown)(...args))
  port.postMessage({ ...answered, cpuMs: threadCpuMs() - before })
})

function answer(call: () => unknown): object {
  try {
    return { result: call() }
  } catch (error) {
    return { failed: (error as Error).message, isJsonFault: error instanceof JsonBodyError }
  }
}
