/** `miot track send`: sends one report, or a file of many, as a device does. */

import { hash, randomUUID } from 'node:crypto'
import type { AssetTrackingData, Timing, Tracked } from '@modulariot/sdk'
import type { Context } from '../command/context.ts'
import { onInterrupt } from '../command/interruption.ts'
import { faultLines } from '../errors/api-refusal.ts'
import { CliError } from '../errors/cli-error.ts'
import { type ApiSession, openApiSession, type SessionOptions } from '../network/api-session.ts'
import { createProgress, type Progress } from '../terminal/progress.ts'
import { openReports } from './report-file.ts'
import { assertRoomForIds, type ReportsFile, sendFile } from './send-file.ts'
import { createTally } from './tally.ts'

export interface SendOptions extends SessionOptions {
  readonly assetId?: string
  readonly latitude?: number
  readonly longitude?: number
  readonly speed?: number
  /** File with one report, an array of reports, or one per line; `-` is standard input. */
  readonly file?: string
  /** First line of the file to send. */
  readonly fromLine?: number
  readonly requestId?: string
}

/** @param timing the clock of the SDK's retries. */
export async function sendTrack(
  context: Context,
  options: SendOptions,
  timing?: Timing,
): Promise<void> {
  const clock = timing && { timing }
  if (options.file !== undefined) {
    assertNoReport(options)
    return sendFrom(context, options.file, options, openApiSession(context, options, { ...clock }))
  }
  const data = compose(options)
  // A report given as options is sent by hand, where an error now is better than a retry.
  const { assets } = openApiSession(context, options, { retry: { attempts: 1 }, ...clock })
  const { requestId = randomUUID() } = options
  printTracked(context, await assets.track(data, { requestId }))
}

/** The members of the API's own answer, for scripts that read them. */
const SUCCESS = { status: 'success', message: 'Message sent successfully' } as const

function printTracked({ output }: Context, tracked: Tracked): void {
  const { request_id, replayed, warnings } = tracked
  output.print({ ...SUCCESS, ...tracked }, () => [
    `${replayed ? 'Already stored' : 'Stored'} (request id ${request_id}).`,
    ...faultLines(warnings),
  ])
}

async function sendFrom(
  context: Context,
  path: string,
  { fromLine = 1, requestId }: SendOptions,
  { assets }: ApiSession,
): Promise<void> {
  const controller = new AbortController()
  using _interrupted = onInterrupt(() => controller.abort(interrupted()))
  try {
    const { signal } = controller
    const file = await openReports(path, fromLine, signal)
    if (file.kind === 'one') {
      const id = requestId ?? contentId(file.text)
      printTracked(context, await assets.trackText(file.text, { requestId: id, signal }))
    } else {
      const sent = { assets, requestId: requestId ?? randomUUID(), controller }
      await sendMany(context, file, fromLine, sent)
    }
  } finally {
    // Closes the file.
    controller.abort()
  }
}

/** The API gives it to a report without an id, and in a batch with `ids=content`. */
function contentId(text: string): string {
  return `body-${hash('sha256', text, 'base64url')}`
}

async function sendMany(
  context: Context,
  file: ReportsFile,
  fromLine: number,
  sent: Readonly<{ assets: ApiSession['assets']; requestId: string; controller: AbortController }>,
): Promise<void> {
  const { requestId } = sent
  assertRoomForIds(requestId)
  const { output } = context
  const progress: Progress = createProgress(process.stderr, output.json)
  const first = file.unit === 'line' ? fromLine : 0
  const tally = createTally({ ...file, output, progress, first })
  try {
    await sendFile(file, { ...sent, tally })
  } catch (error) {
    if (tally.total() > 0) tally.printSummary(requestId, true)
    progress.clear()
    // The file itself is at fault.
    if (tally.total() === 0 && error instanceof CliError && error.code !== 'interrupted')
      throw error
    throw await withPlace(error, file.unit, tally.next())
  }
  tally.printSummary(requestId, false)
  if (tally.refused() > 0) {
    throw new CliError('failure', `${tally.refused()} of ${tally.total()} reports were refused`)
  }
}

/** Says where to resume. Sending too much stores nothing twice. */
async function withPlace(error: unknown, unit: 'line' | 'item', next: number): Promise<CliError> {
  const { toCliError } = await import('../errors/to-cli-error.ts')
  const { code, lines } = toCliError(error)
  const resume =
    unit === 'line'
      ? `Resume with --from-line ${next}; what is stored is not stored twice.`
      : 'Send the file again; what is stored is not stored twice.'
  return new CliError(code, [...lines, resume])
}

function interrupted(): CliError {
  return new CliError('interrupted', 'Interrupted')
}

function assertNoReport({ assetId, latitude, longitude, speed }: SendOptions): void {
  const isGiven = [assetId, latitude, longitude, speed].some((value) => value !== undefined)
  if (isGiven) throw new CliError('usage', 'Give --file, or a report with --asset-id, but not both')
}

function compose({
  assetId,
  latitude,
  longitude,
  speed,
  fromLine,
}: SendOptions): AssetTrackingData {
  if (fromLine !== undefined) throw new CliError('usage', '--from-line needs --file')
  if (assetId === undefined)
    throw new CliError('usage', 'Give --asset-id, or --file to send reports from a file')
  if ((latitude === undefined) !== (longitude === undefined)) {
    throw new CliError('usage', 'Give both --latitude and --longitude, or neither')
  }
  const timestamp = new Date().toISOString()
  if (latitude === undefined || longitude === undefined) return { asset_id: assetId, timestamp }
  const gps = { latitude, longitude, ...(speed !== undefined && { speed }) }
  return { asset_id: assetId, timestamp, gps }
}
