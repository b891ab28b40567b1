/**
 * `miot assets export`: writes what assets have reported to a file, page by page.
 *
 * The file gets its name only when it is whole: until then it has a temporary name, which is
 * removed when the command fails. So a file with the name is never half an export.
 */

import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, openSync, rmSync } from 'node:fs'
import type { EventReading, MetricReading, Position } from '@modulariot/sdk'
import type { Context } from '../command/context.ts'
import { CliError } from '../errors/cli-error.ts'
import { PARTIAL, publishFile } from '../files/publish-file.ts'
import { type ApiSession, openApiSession, type SessionOptions } from '../network/api-session.ts'
import { writeError } from '../terminal/standard-streams.ts'
import { createRowWriter, type Format } from './export-formats.ts'
import {
  COLUMNS,
  type Exported,
  type ExportRow,
  eventRow,
  metricRow,
  positionRow,
} from './export-rows.ts'
import {
  assetPath,
  endOfAccepted,
  type Period,
  rowsOf,
  SERIES_PAGE,
  WITHOUT_PATH,
} from './series.ts'

export interface ExportOptions extends SessionOptions, Period {
  readonly asset?: string
  readonly data: Exported
  readonly format: Format
  readonly out: string
}

/** @throws CliError; then the file does not exist. */
export async function exportAssets(context: Context, options: ExportOptions): Promise<void> {
  const { out } = options
  if (existsSync(out)) throw new CliError('usage', `${out} exists: choose another name`)
  const session = openApiSession(context, options)
  // Without an end, an asset that reports faster than it is read would never be done.
  const to = options.to ?? (await endOfAccepted(session))
  const temporary = `${out}.${randomUUID()}${PARTIAL}`
  const file = createFile(temporary)
  // Removed, so that even an interrupted command leaves no file with data.
  try {
    const { data, format } = options
    const rows = await interruptible(() => writeRows(session, { ...options, to }, file))
    publishFile(temporary, out)
    context.output.print({ out, data, format, rows, to }, () => [
      `Wrote ${rows} ${data} before ${to} to ${out}.`,
    ])
  } finally {
    closeSync(file)
    rmSync(temporary, { force: true })
  }
}

function createFile(path: string): number {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (error) {
    throw new CliError('usage', `Cannot create the --out file: ${(error as Error).message}`)
  }
}

let interrupted = false

/** Ctrl-C and SIGTERM end `work` at its next row, so that its file is removed. */
async function interruptible(work: () => Promise<number>): Promise<number> {
  const interrupt = (): void => {
    interrupted = true
  }
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  try {
    return await work()
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}

/** @returns how many. */
async function writeRows(
  session: ApiSession,
  options: ExportOptions,
  file: number,
): Promise<number> {
  const writer = await createRowWriter(options.format, COLUMNS[options.data], file)
  const progress = createProgress()
  let rows = 0
  for await (const row of rowsToExport(session, options)) {
    if (interrupted) throw new CliError('failure', `Interrupted: ${options.out} was not written`)
    writer.write(row)
    rows++
    progress(rows, String(row[0]))
  }
  await writer.finish()
  return rows
}

const PROGRESS_MS = 5000

/** A line every few seconds, on a terminal only. */
function createProgress(): (rows: number, asset_id: string) => void {
  let shownAt = performance.now()
  return (rows, asset_id) => {
    if (!process.stderr.isTTY || performance.now() - shownAt < PROGRESS_MS) return
    shownAt = performance.now()
    writeError(`${rows} rows so far, now at ${asset_id}\n`)
  }
}

/** One asset after the other, in the order of their ids; each by device time. */
async function* rowsToExport(
  session: ApiSession,
  { asset, data, from, to }: ExportOptions,
): AsyncGenerator<ExportRow> {
  const query = { from, to, limit: SERIES_PAGE }
  if (data === 'events' && asset === undefined) {
    for await (const one of rowsOf<EventReading>(session, '/v1/events', query, 'events')) {
      yield eventRow(one)
    }
    return
  }
  if (asset !== undefined) return yield* rowsOfAsset(session, asset, data, query)
  const assets = rowsOf<{ asset_id: string }>(session, '/v1/assets', { limit: 200 }, 'assets')
  for await (const { asset_id } of assets) {
    try {
      yield* rowsOfAsset(session, asset_id, data, query)
    } catch (error) {
      // Erased since it was listed.
      if (!(error instanceof CliError) || error.code !== 'not_found') throw error
    }
  }
}

async function* rowsOfAsset(
  session: ApiSession,
  asset_id: string,
  data: Exported,
  query: Readonly<Record<string, unknown>>,
): AsyncGenerator<ExportRow> {
  if (WITHOUT_PATH.has(asset_id)) {
    throw new CliError('usage', `No URL names the asset ${asset_id}; export the others by --asset`)
  }
  const path = `${assetPath(asset_id)}/${data}`
  if (data === 'positions') {
    for await (const one of rowsOf<Position>(session, path, query, data)) {
      yield positionRow(asset_id, one)
    }
  } else if (data === 'events') {
    for await (const one of rowsOf<EventReading>(session, path, query, data)) yield eventRow(one)
  } else {
    for await (const { key } of rowsOf<MetricReading>(session, path, {}, data)) {
      for await (const one of rowsOf<MetricReading>(session, path, { ...query, key }, data)) {
        yield metricRow(asset_id, one)
      }
    }
  }
}
