/**
 * The thread that parses large bodies. A mebibyte takes about twenty milliseconds, a batch several
 * times that, during which the main thread stays free. Valid observations are returned sealed.
 */

import { decodeUtf8, JsonBodyError } from '@modulariot/platform/json'
import { answerCalls, Moving, yieldToOthers } from '@modulariot/platform/threads'
import { ApiError } from '../errors/api-error.ts'
import { threadCpuMs } from '../limits/client-budget.ts'
import { Sealer } from '../store/packed.ts'
import type { SealedObservations } from '../store/store.ts'
import {
  type BatchFormat,
  type CheckedItem,
  createItemValidator,
  type ItemIds,
  itemsOf,
} from './batch-items.ts'
import {
  type BareOrigin,
  contentId,
  type ReadOptions,
  type ReadReport,
  readReport,
} from './read-report.ts'
import { allBytes, type ReportBody } from './report-body.ts'

/** CPU milliseconds of a call, counted for failed calls too. */
interface Cost {
  readonly cpuMs: number
}

/** An error caused by the request. */
export type Refusal =
  | { readonly refused: Pick<ApiError, 'status' | 'message' | 'detail'> }
  | { readonly notJson: string }

export type Outcome<Result> = Cost & ({ readonly read: Result } | Refusal)

export interface ReadBatch {
  readonly checked: CheckedItem[]
  readonly observations: SealedObservations
  readonly request_id: string
}

/** The memory of the body is transferred: a Buffer arrives as a plain Uint8Array. */
export type MovedBody = Omit<ReportBody, 'bytes'> & { readonly bytes: Uint8Array<ArrayBuffer> }

export type HeavyCalls = {
  read: (
    body: MovedBody,
    origin: BareOrigin,
    options: ReadOptions,
  ) => Outcome<ReadReport<SealedObservations>>
  readBatch: (
    body: MovedBody,
    origin: BareOrigin,
    how: { readonly format: BatchFormat; readonly ids: ItemIds },
    validation: ReadOptions['validation'],
  ) => Outcome<ReadBatch>
}

yieldToOthers()
answerCalls<HeavyCalls>(
  {
    read: (body, origin, options) =>
      outcome((moved) => {
        const read = readReport(decodeUtf8(allBytes(bufferOf(body))), origin, options)
        if (read.kind !== 'good') return read
        const sealer = new Sealer()
        sealer.add(read.observation)
        return { ...read, observation: sealed(sealer, origin, moved) }
      }),
    readBatch: (body, origin, { format, ids }, validation) =>
      outcome((moved) => {
        const sealer = new Sealer()
        const bytes = allBytes(bufferOf(body))
        const request_id = origin.request_id ?? contentId(bytes)
        const named = { ...origin, request_id: ids === 'content' ? null : request_id }
        const checkItem = createItemValidator(named, validation, (one) => sealer.add(one))
        const checked = itemsOf(bytes, format).map(checkItem)
        return { checked, observations: sealed(sealer, origin, moved), request_id }
      }),
  },
  (error) => (error as Error).message,
)

/** @param read adds the transferable buffers of its result to `moved`. */
function outcome<Result>(read: (moved: ArrayBuffer[]) => Result): Moving<Outcome<Result>> {
  const before = threadCpuMs()
  const moved: ArrayBuffer[] = []
  const answer = readOrRefusal(() => read(moved))
  return new Moving({ ...answer, cpuMs: threadCpuMs() - before }, moved)
}

function readOrRefusal<Result>(read: () => Result): { readonly read: Result } | Refusal {
  try {
    return { read: read() }
  } catch (error) {
    if (error instanceof JsonBodyError) return { notJson: error.message }
    if (!(error instanceof ApiError)) throw error
    const { status, message, detail } = error
    return { refused: { status, message, detail } }
  }
}

function bufferOf({ bytes, ...body }: MovedBody): ReportBody {
  return { ...body, bytes: Buffer.from(bytes.buffer) }
}

function sealed(sealer: Sealer, origin: BareOrigin, moved: ArrayBuffer[]): SealedObservations {
  const observations = sealer.seal(origin)
  moved.push(...observations.pieces.map(({ buffer }) => buffer))
  return observations
}
