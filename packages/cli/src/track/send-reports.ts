/** `miot track send`: reports, the way a device sends them: one, or a file of many. */

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { JsonBodyError, splitJsonArray } from '@modulariot/platform/json'
import { MAX_BATCH_BYTES, MAX_BATCH_ITEMS, MAX_REQUEST_ID_LENGTH } from '@modulariot/telemetry'
import type { Context } from '../command/context.ts'
import { CliError } from '../errors/cli-error.ts'
import {
  type ApiRefusal,
  type ApiSession,
  answerOf,
  describeRefusal,
  isTemporary,
  openApiSession,
  type SessionOptions,
} from '../network/api-session.ts'

export interface SendOptions extends SessionOptions {
  readonly assetId?: string
  readonly latitude?: number
  readonly longitude?: number
  readonly speed?: number
  /** A file with one report, an array of them, or one a line; `-` is standard input. */
  readonly file?: string
  readonly requestId?: string
}

/** @param wait for so many milliseconds, between two tries. */
export async function sendTrack(
  context: Context,
  options: SendOptions,
  wait: (ms: number) => Promise<unknown> = sleep,
): Promise<void> {
  const { one, many } = options.file === undefined ? compose(options) : readReports(options.file)
  const session = openApiSession(context, options)
  const requestId = options.requestId ?? randomUUID()
  if (one !== undefined) await sendOne(context, session, one, requestId)
  else await sendMany(context, { session, wait }, many, requestId)
}

type Reports =
  | { readonly one: string; readonly many?: never }
  | { readonly one?: never; readonly many: readonly string[] }

async function sendOne(
  context: Context,
  session: ApiSession,
  body: string,
  request_id: string,
): Promise<void> {
  const response = await post(session, '/v1/asset/track', body, request_id)
  const replayed = response.headers.get('idempotent-replay') === 'true'
  const answer = await answerOf<{ warnings?: Record<string, string> }>(response)
  const warnings = Object.entries(answer.warnings ?? {}).map(([path, what]) => `  ${path} ${what}`)
  context.output.print({ ...answer, request_id, replayed }, () => [
    replayed ? `Sent before as ${request_id}; kept once.` : `Sent and kept as ${request_id}.`,
    ...warnings,
  ])
}

interface Sender {
  readonly session: ApiSession
  readonly wait: (ms: number) => Promise<unknown>
}

interface ItemResult extends ApiRefusal {
  readonly index: number
  readonly code: number
  readonly replayed?: true
}

interface BatchAnswer {
  readonly results: readonly ItemResult[]
}

/** But for the brackets around them. */
const MAX_REPORTS_BYTES = MAX_BATCH_BYTES - 2
const MAX_SHOWN_REFUSALS = 20

/**
 * A request for each thousand, each with an id of its own, so that sending the file again doubles
 * nothing.
 */
async function sendMany(
  context: Context,
  sender: Sender,
  reports: readonly string[],
  requestId: string,
): Promise<void> {
  const batches = [...batchesOf(reports)]
  assertRoomForIds(requestId, batches.length)
  const refused: ItemResult[] = []
  let replayed = 0
  let sent = 0
  const tell = () => {
    const kept = sent - refused.length
    const summary = { request_id: requestId, sent, kept, replayed, refused }
    context.output.print(summary, () => describeSummary(summary))
  }
  for (const [index, batch] of batches.entries()) {
    const id = index === 0 ? requestId : `${requestId}-${index + 1}`
    const { results } = await sendBatch(sender, `[${batch.join(',')}]`, id).catch((error) => {
      // What was kept until then is worth knowing.
      if (sent > 0) tell()
      throw error
    })
    for (const result of results) {
      if (result.code !== 200) refused.push({ ...result, index: result.index + sent })
      else if (result.replayed) replayed++
    }
    sent += batch.length
  }
  tell()
  if (refused.length > 0) {
    throw new CliError('failure', `${refused.length} of ${sent} reports were refused`)
  }
}

function assertRoomForIds(requestId: string, batches: number): void {
  const room = MAX_REQUEST_ID_LENGTH - (batches > 1 ? `-${batches}`.length : 0)
  if (requestId.length <= room) return
  throw new CliError(
    'usage',
    `--request-id must be at most ${room} characters: these reports take ${batches} requests, each with an id of its own`,
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
  refused: readonly ItemResult[]
}): string[] {
  const before = replayed === 0 ? '' : `, ${replayed} of them sent before`
  const more = refused.length - MAX_SHOWN_REFUSALS
  return [
    `Kept ${kept} of ${sent} reports as ${request_id}${before}.`,
    ...refused
      .slice(0, MAX_SHOWN_REFUSALS)
      .flatMap((result) => describeRefusal(result, `item ${result.index}: ${result.code} `)),
    ...(more > 0 ? [`and ${more} more; --json lists them all`] : []),
  ]
}

const TRIES = 5
/** Whoever sends a file is there and waits; past that the refusal is of more use. */
const MAX_RETRY_AFTER_SECONDS = 60

/**
 * The same request again is kept once, so what may have been kept can be sent again: never sooner
 * than the API asked.
 */
async function sendBatch({ session, wait }: Sender, body: string, requestId: string) {
  for (let tries = 1; ; tries++) {
    let retryAfter = 0
    try {
      const response = await post(session, '/v1/asset/track/batch', body, requestId)
      retryAfter = Number(response.headers.get('retry-after')) || 0
      return await answerOf<BatchAnswer>(response)
    } catch (error) {
      const tooLong = retryAfter > MAX_RETRY_AFTER_SECONDS
      if (tries === TRIES || tooLong || !isTemporary(error)) throw error
      await wait(Math.max(tries, retryAfter) * 1000)
    }
  }
}

function post(
  session: ApiSession,
  path: string,
  body: string,
  requestId: string,
): Promise<Response> {
  return session.send(path, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-request-id': requestId,
      'x-request-timestamp': String(Date.now() / 1000),
    },
    body,
  })
}

function* batchesOf(reports: readonly string[]): Generator<string[]> {
  let batch: string[] = []
  let bytes = 0
  for (const report of reports) {
    const size = Buffer.byteLength(report) + 1
    if (
      batch.length === MAX_BATCH_ITEMS ||
      (batch.length > 0 && bytes + size > MAX_REPORTS_BYTES)
    ) {
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
  if (assetId === undefined) throw new CliError('usage', 'Give --asset-id, or a body with --file')
  if ((latitude === undefined) !== (longitude === undefined)) {
    throw new CliError('usage', 'Give both --latitude and --longitude, or neither')
  }
  const gps = latitude === undefined ? undefined : { latitude, longitude, speed }
  return { one: JSON.stringify({ asset_id: assetId, timestamp: new Date().toISOString(), gps }) }
}

/**
 * What the file holds, by its content: an array, one report, or a report a line. The texts stay as
 * they are, so that the API judges what the file says and not what we made of it.
 */
function readReports(file: string): Reports {
  const text = readText(file).trim()
  if (text.startsWith('[')) return { many: readArray(text, file) }
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const isNdjson = lines.length > 1 && lines.every((line) => line.trimStart().startsWith('{'))
  return isNdjson && isJson(lines[0] as string) ? { many: lines } : { one: text }
}

function readArray(text: string, file: string): string[] {
  try {
    const reports = splitJsonArray(text, Number.POSITIVE_INFINITY)
    if (reports.length > 0) return reports
  } catch (error) {
    if (!(error instanceof JsonBodyError)) throw error
    throw new CliError('failure', `${file} is not a JSON array: ${error.message}`)
  }
  throw new CliError('failure', `${file} holds no report`)
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
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new CliError(
      'not_found',
      `Cannot read ${file} (${(error as NodeJS.ErrnoException).code})`,
    )
  }
}
