/** `miot track send`: sends one report, or a file of many, as a device does. */

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { JsonBodyError, splitJsonArray, splitNdjson, withoutBom } from '@modulariot/platform/json'
import type { AssetTrackingData, ReportResult, Timing, Tracked } from '@modulariot/sdk'
import { MAX_BATCH_BYTES, MAX_BATCH_ITEMS, MAX_REQUEST_ID_LENGTH } from '@modulariot/telemetry'
import type { Context } from '../command/context.ts'
import { describeRefusal, faultLines } from '../errors/api-refusal.ts'
import { CliError } from '../errors/cli-error.ts'
import { type ApiSession, openApiSession, type SessionOptions } from '../network/api-session.ts'

export interface SendOptions extends SessionOptions {
  readonly assetId?: string
  readonly latitude?: number
  readonly longitude?: number
  readonly speed?: number
  /** File with one report, an array of reports, or one per line; `-` is standard input. */
  readonly file?: string
  readonly requestId?: string
}

/** @param timing the clock of the SDK's retries. */
export async function sendTrack(
  context: Context,
  options: SendOptions,
  timing?: Timing,
): Promise<void> {
  const reports = options.file === undefined ? compose(options) : readReports(options.file)
  // A report given as options is sent by hand, where an error now is better than a retry.
  const retry = 'data' in reports ? { attempts: 1 } : {}
  const { assets } = openApiSession(context, options, { retry, ...(timing && { timing }) })
  const requestId = options.requestId ?? randomUUID()
  if ('texts' in reports) return sendMany(context, assets, reports.texts, requestId)
  const tracked =
    'data' in reports
      ? await assets.track(reports.data, { requestId })
      : await assets.trackText(reports.text, { requestId })
  printTracked(context, tracked)
}

type Reports =
  /** From the options. */
  | { readonly data: AssetTrackingData }
  /** From a file with one report. */
  | { readonly text: string }
  | { readonly texts: readonly string[] }

/** The members of the API's own answer, for scripts that read them. */
const SUCCESS = { status: 'success', message: 'Message sent successfully' } as const

function printTracked({ output }: Context, tracked: Tracked): void {
  const { request_id, replayed, warnings } = tracked
  output.print({ ...SUCCESS, ...tracked }, () => [
    `${replayed ? 'Already stored' : 'Stored'} (request id ${request_id}).`,
    ...faultLines(warnings),
  ])
}

const MAX_SHOWN_REFUSALS = 20

/**
 * One request per thousand reports, each with its own id derived from `requestId`, so that sending
 * the same file again stores nothing twice.
 */
async function sendMany(
  { output }: Context,
  assets: ApiSession['assets'],
  reports: readonly string[],
  requestId: string,
): Promise<void> {
  const batches = [...batchesOf(reports)]
  assertRoomForIds(requestId, batches.length)
  const refused: ReportResult[] = []
  let replayed = 0
  let sent = 0
  const printSummary = () => {
    const kept = sent - refused.length
    const summary = { request_id: requestId, sent, kept, replayed, refused }
    output.print(summary, () => describeSummary(summary))
  }
  for (const [index, batch] of batches.entries()) {
    const id = index === 0 ? requestId : `${requestId}-${index + 1}`
    const results = await assets.trackTexts(batch, { requestId: id }).catch((error) => {
      if (sent > 0) printSummary()
      throw error
    })
    for (const result of results) {
      if (result.code !== 200) refused.push({ ...result, index: result.index + sent })
      else if (result.replayed) replayed++
    }
    sent += batch.length
  }
  printSummary()
  if (refused.length > 0) {
    throw new CliError('failure', `${refused.length} of ${sent} reports were refused`)
  }
}

function assertRoomForIds(requestId: string, batches: number): void {
  const room = MAX_REQUEST_ID_LENGTH - (batches > 1 ? `-${batches}`.length : 0)
  if (requestId.length <= room) return
  throw new CliError(
    'usage',
    `--request-id must be at most ${room} characters: these reports take ${batches} requests, each with its own id`,
  )
}

function describeSummary({
  request_id,
  sent,
  kept,
  replayed,
  refused,
}: {
  request_id: string
  sent: number
  kept: number
  replayed: number
  refused: readonly ReportResult[]
}): string[] {
  const before = replayed === 0 ? '' : `, ${replayed} of them earlier`
  const more = refused.length - MAX_SHOWN_REFUSALS
  return [
    `Stored ${kept} of ${sent} reports (request id ${request_id})${before}.`,
    ...refused
      .slice(0, MAX_SHOWN_REFUSALS)
      .flatMap((result) => describeRefusal(result, `item ${result.index}: ${result.code} `)),
    ...(more > 0 ? [`and ${more} more; --json lists them all`] : []),
  ]
}

function* batchesOf(reports: readonly string[]): Generator<string[]> {
  let batch: string[] = []
  let bytes = 0
  for (const report of reports) {
    // One report a line.
    const size = Buffer.byteLength(report) + 1
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

function compose({ assetId, latitude, longitude, speed }: SendOptions): Reports {
  if (assetId === undefined)
    throw new CliError('usage', 'Give --asset-id, or --file to send reports from a file')
  if ((latitude === undefined) !== (longitude === undefined)) {
    throw new CliError('usage', 'Give both --latitude and --longitude, or neither')
  }
  const timestamp = new Date().toISOString()
  if (latitude === undefined || longitude === undefined) {
    return { data: { asset_id: assetId, timestamp } }
  }
  const gps = { latitude, longitude, ...(speed !== undefined && { speed }) }
  return { data: { asset_id: assetId, timestamp, gps } }
}

/**
 * Tells an array, one report and NDJSON apart by content. The texts stay unchanged, so that the API
 * validates the file as it is.
 */
function readReports(file: string): Reports {
  const text = readText(file).trim()
  if (text.startsWith('[')) return { texts: readArray(text, file) }
  const lines = splitNdjson(text, Number.POSITIVE_INFINITY)
  const isNdjson = lines.length > 1 && lines.every((line) => line.startsWith('{'))
  return isNdjson && isJson(lines[0] as string) ? { texts: lines } : { text }
}

function readArray(text: string, file: string): string[] {
  try {
    const reports = splitJsonArray(text, Number.POSITIVE_INFINITY)
    if (reports.length > 0) return reports
  } catch (error) {
    if (!(error instanceof JsonBodyError)) throw error
    throw new CliError('failure', `${file} is not a JSON array: ${error.message}`)
  }
  throw new CliError('failure', `${file} contains no reports`)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function readText(file: string): string {
  try {
    return withoutBom(readFileSync(file === '-' ? 0 : file, 'utf8'))
  } catch (error) {
    throw new CliError(
      'not_found',
      `Cannot read ${file} (${(error as NodeJS.ErrnoException).code})`,
    )
  }
}
