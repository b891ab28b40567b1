/**
 * The thread that reads large bodies: a mebibyte takes up to some twenty milliseconds, a batch several times as
 * long, in which the main thread serves others. What is to be kept leaves it sealed.
 */

import { getPriority, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { decodeUtf8, JsonBodyError } from '@modulariot/platform/http'
import { ApiError } from '../api-error.ts'
import { Sealer } from '../store/packed.ts'
import type { SealedObservations } from '../store/store.ts'
import { type BatchFormat, createJudge, itemsOf, type Verdict } from './batch-items.ts'
import { threadCpuMs } from './client-budget.ts'
import { type Origin, type ReadOptions, type ReadReport, readReport } from './read-report.ts'
import { allBytes, type ReportBody } from './report-body.ts'

/** What can be called. Whatever a call throws but ApiError and JsonBodyError is a fault of ours. */
const CALLS = {
  read(body: ReportBody, origin: Origin, options: ReadOptions): ReadReport<SealedObservations> {
    const read = readReport(decodeUtf8(allBytes(body)), origin, options)
    if (read.kind !== 'good') return read
    const sealer = new Sealer()
    sealer.add(read.observation)
    return { ...read, observation: sealed(sealer, origin) }
  },
  readBatch(
    body: ReportBody,
    origin: Origin,
    format: BatchFormat,
    unknownKeys: ReadOptions['unknownKeys'],
  ): { verdicts: Verdict[]; observations: SealedObservations } {
    const sealer = new Sealer()
    const judge = createJudge(origin, unknownKeys, (one) => sealer.add(one))
    const verdicts = itemsOf(allBytes(body), format).map(judge)
    return { verdicts, observations: sealed(sealer, origin) }
  },
}

export type HeavyCalls = typeof CALLS

/** What a Buffer is after its journey. */
type MovedBody = Omit<ReportBody, 'bytes'> & { readonly bytes: Uint8Array }

export type HeavyAnswer = (
  | { readonly result: unknown }
  | { readonly refused: Pick<ApiError, 'status' | 'message' | 'detail'> }
  | { readonly notJson: string }
  | { readonly failed: string }
) & {
  /** Milliseconds of processor time. */
  readonly cpuMs: number
}

/** Nice value (setpriority(2)): below that of the main thread, which has less to do and is waited for by all. */
const NICENESS = 10

const port = parentPort
if (port === null) throw new Error('heavy-thread.ts runs as a worker only')
yieldToOthers()

/** What of the answer is moved and not copied. */
let moved: ArrayBuffer[] = []

port.on('message', ([name, body, ...args]: [keyof HeavyCalls, MovedBody, ...unknown[]]) => {
  const before = threadCpuMs()
  const call = CALLS[name] as (...args: unknown[]) => unknown
  const answered = answer(() => call({ ...body, bytes: Buffer.from(body.bytes.buffer) }, ...args))
  port.postMessage({ ...answered, cpuMs: threadCpuMs() - before }, moved)
  moved = []
})

function sealed(sealer: Sealer, origin: Origin): SealedObservations {
  const observations = sealer.seal(origin)
  moved = observations.pieces.map(({ buffer }) => buffer)
  return observations
}

function answer(call: () => unknown): object {
  try {
    return { result: call() }
  } catch (error) {
    if (error instanceof JsonBodyError) return { notJson: error.message }
    if (!(error instanceof ApiError)) return { failed: (error as Error).message }
    const { status, message, detail } = error
    return { refused: { status, message, detail } }
  }
}

/** Where there are fewer processors than threads with work. Only Linux has a priority for each thread. */
function yieldToOthers(): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(Math.max(NICENESS, getPriority()))
  } catch {
    // A sandbox may forbid it; then it takes its turn as the others do.
  }
}
