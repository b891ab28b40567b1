/**
 * Sends the reports of a file in batches, a few at a time, and settles them in the file's order.
 *
 * Each report is identified by its text (`ids: content`), so the same file again, from any line on,
 * stores nothing twice. A batch that fails ends the run, and so does Ctrl-C; the error says where
 * to resume.
 */

import { RefusedError, type ReportResult } from '@modulariot/sdk'
import { MAX_BATCH_BYTES, MAX_BATCH_ITEMS, MAX_REQUEST_ID_LENGTH } from '@modulariot/telemetry'
import { CliError } from '../errors/cli-error.ts'
import type { ApiSession } from '../network/api-session.ts'
import type { FileReport, ReportFile } from './report-file.ts'
import type { Tally } from './tally.ts'

export type ReportsFile = Extract<ReportFile, { kind: 'many' }>

/** More would only wait in the API's queue. */
const MAX_IN_FLIGHT = 4

export interface Sending {
  readonly assets: Pick<ApiSession['assets'], 'trackTexts'>
  /** The `X-Request-Id` of the first request; the others add `-2`, `-3`, …: for logs. */
  readonly requestId: string
  readonly tally: Tally
  readonly controller: AbortController
}

type Batch = readonly FileReport[]

interface InFlight {
  readonly batch: Batch
  readonly results: Promise<readonly ReportResult[]>
}

/** @throws what a batch failed with, after the batches before it are settled. */
export async function sendFile(file: ReportsFile, sending: Sending): Promise<void> {
  const { tally, controller } = sending
  const send = createSender(sending)
  const inFlight: InFlight[] = []
  const settleFirst = async (): Promise<void> => {
    const [{ batch, results } = NOTHING] = inFlight
    tally.settle(batch, await results)
    inFlight.shift()
  }
  try {
    for await (const batch of batchesOf(file.reports)) {
      inFlight.push({ batch, results: send(batch) })
      if (inFlight.length === MAX_IN_FLIGHT) await settleFirst()
    }
    while (inFlight.length > 0) await settleFirst()
  } catch (error) {
    controller.abort(error)
    // Answers that have come already count, up to the batch that has none.
    const unanswered = Promise.reject(error)
    unanswered.catch(() => {})
    for (const { batch, results } of inFlight) {
      const answered = await Promise.race([results, unanswered]).catch(() => null)
      if (answered === null) break
      tally.settle(batch, answered)
    }
    throw error
  }
}

const NOTHING: InFlight = { batch: [], results: Promise.resolve([]) }

/** Sends the texts of a batch. A rejection is also left to be found later, in the file's order. */
function createSender({ assets, requestId, controller }: Sending) {
  let requests = 0
  const nextId = (): string => {
    requests++
    return requests === 1 ? requestId : `${requestId}-${requests}`
  }
  async function trackAll(texts: readonly string[]): Promise<readonly ReportResult[]> {
    if (texts.length === 0) return []
    const options = { requestId: nextId(), ids: 'content', signal: controller.signal } as const
    try {
      return await assets.trackTexts(texts, options)
    } catch (error) {
      if (!(error instanceof RefusedError) || error.status !== 413) throw error
      return texts.length === 1 ? [{ index: 0, code: 413, message: error.message }] : halves(texts)
    }
  }
  /** Too large together: one report may be to blame, and is refused alone. */
  async function halves(texts: readonly string[]): Promise<readonly ReportResult[]> {
    const middle = Math.ceil(texts.length / 2)
    const first = await trackAll(texts.slice(0, middle))
    return [...first, ...(await trackAll(texts.slice(middle)))]
  }
  return (batch: Batch): Promise<readonly ReportResult[]> => {
    const results = trackAll(batch.flatMap((one) => ('text' in one ? [one.text] : [])))
    results.catch(() => {})
    return results
  }
}

async function* batchesOf(reports: AsyncIterable<FileReport>): AsyncGenerator<Batch> {
  let batch: FileReport[] = []
  let bytes = 0
  for await (const report of reports) {
    // One report a line.
    const size = 'text' in report ? Buffer.byteLength(report.text) + 1 : 0
    if (batch.length === MAX_BATCH_ITEMS || (batch.length > 0 && bytes + size > MAX_BATCH_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(report)
    bytes += size
  }
  if (batch.length > 0) yield batch
}

/** Room for the number of the request, of any file. */
const SUFFIX_LENGTH = '-999999999'.length

/** @throws CliError usage: the later requests of a file have longer ids. */
export function assertRoomForIds(requestId: string): void {
  const room = MAX_REQUEST_ID_LENGTH - SUFFIX_LENGTH
  if (requestId.length <= room) return
  throw new CliError(
    'usage',
    `--request-id must be at most ${room} characters for a file, whose requests are numbered`,
  )
}
