/**
 * The reports in a file: one report, a JSON array, or one report per line (NDJSON). Their texts
 * stay as they are; the API judges them. What cannot be text is refused here, by line.
 *
 * One report per line is read as it is sent, whatever the size of the file; the others are read
 * whole.
 */

import { isUtf8 } from 'node:buffer'
import { fstatSync, statSync } from 'node:fs'
import { type FileLine, fileLines } from '@modulariot/platform/file-lines'
import { JsonBodyError, splitJsonArray, trimJson, withoutBom } from '@modulariot/platform/json'
import { firstInvalid, utf8Fault } from '@modulariot/platform/utf8'
import { MAX_REPORT_BYTES } from '@modulariot/telemetry'
import type { ApiRefusal } from '../errors/api-refusal.ts'
import { CliError } from '../errors/cli-error.ts'
import { readChunks } from '../files/input-file.ts'

/** A report and its place: its line from 1, or its index in the array from 0. */
export type FileReport = {
  readonly place: number
  /** Bytes of the file up to its end. */
  readonly end: number
} & ({ readonly text: string } | { readonly refused: ApiRefusal & { readonly code: number } })

export type ReportFile =
  | { readonly kind: 'one'; readonly text: string }
  | {
      readonly kind: 'many'
      /** What a place counts. */
      readonly unit: 'line' | 'item'
      readonly reports: AsyncIterable<FileReport>
      /** Null for a pipe. */
      readonly totalBytes: number | null
    }

/** Larger arrays are refused, since they are read whole. */
const MAX_ARRAY_BYTES = 256 * 1024 ** 2

/** Room for a line's byte order mark and white space, which are not part of the report. */
const MAX_LINE_BYTES = MAX_REPORT_BYTES + 1024

/**
 * Tells the three apart by the first lines.
 *
 * @param path `-` is standard input.
 * @param fromLine first line to read.
 * @param signal ends a read that waits.
 * @throws CliError when there is nothing to send, or the file cannot be read.
 */
export async function openReports(
  path: string,
  fromLine: number,
  signal: AbortSignal,
): Promise<ReportFile> {
  const chunks = readChunks(path, signal)
  const head: Buffer[] = []
  const first = await readHead(chunks, head)
  const start = trimJson(withoutBom(first.toString('utf8')))
  if (start.startsWith('[')) {
    if (fromLine > 1) throw new CliError('usage', `${path} is a JSON array: leave out --from-line`)
    return { kind: 'many', unit: 'item', totalBytes: null, reports: arrayItems(path, head, chunks) }
  }
  const all = joined(head, chunks)
  if (fromLine === 1) {
    const whole = await readOne(head, chunks, start)
    if (whole !== null) return { kind: 'one', text: decode(path, whole) }
  }
  const reports = lineReports(path, all, fromLine)
  return { kind: 'many', unit: 'line', reports, totalBytes: sizeOf(path) }
}

/** Reads until a line that is not blank has ended, and returns all bytes up to there or more. */
async function readHead(chunks: AsyncIterator<Buffer>, head: Buffer[]): Promise<Buffer> {
  for (;;) {
    const bytes = Buffer.concat(head)
    const text = trimJson(withoutBom(bytes.toString('utf8')))
    if (text.includes('\n') || bytes.length > MAX_LINE_BYTES) return bytes
    const next = await chunks.next()
    if (next.done) return bytes
    head.push(next.value)
  }
}

/**
 * The whole file when it is one report: one line, or JSON over several lines. A report that is
 * broken is one too when its second line begins with a name, as none of NDJSON does.
 */
async function readOne(
  head: Buffer[],
  chunks: AsyncIterator<Buffer>,
  start: string,
): Promise<Buffer | null> {
  const [firstLine = '', secondLine] = start.split('\n', 2)
  if (secondLine !== undefined && isJson(firstLine)) return null
  let length = head.reduce((sum, chunk) => sum + chunk.length, 0)
  while (length <= MAX_LINE_BYTES) {
    const next = await chunks.next()
    if (next.done) {
      const bytes = Buffer.concat(head)
      const text = trimJson(withoutBom(bytes.toString('utf8')))
      const isOne = !text.includes('\n') || isJson(text) || /^"/.test(trimJson(secondLine ?? ''))
      return isOne ? bytes : null
    }
    head.push(next.value)
    length += next.value.length
  }
  return null
}

async function* joined(
  head: readonly Buffer[],
  rest: AsyncIterator<Buffer>,
): AsyncGenerator<Buffer> {
  yield* head
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
}

async function* lineReports(
  path: string,
  chunks: AsyncIterable<Buffer>,
  fromLine: number,
): AsyncGenerator<FileReport> {
  let last = 0
  let found = false
  for await (const line of fileLines(chunks, MAX_LINE_BYTES)) {
    last = line.line
    if (last < fromLine) continue
    const report = reportOf(line)
    if (report === null) continue
    found = true
    yield report
  }
  if (found) return
  if (fromLine > 1) {
    throw new CliError(
      'usage',
      `${path} has no report from line ${fromLine} on; it has ${last} lines`,
    )
  }
  throw noReports(path)
}

/** Null for a blank line. */
function reportOf({ line: place, bytes: read, end }: FileLine): FileReport | null {
  if (read === null) return { place, end, refused: TOO_LONG }
  const bytes = Buffer.from(read.buffer, read.byteOffset, read.length)
  if (!isUtf8(bytes)) return { place, end, refused: { code: 400, ...utf8Fault(bytes) } }
  const text = trimJson(withoutBom(bytes.toString('utf8')))
  return text === '' ? null : { place, end, text }
}

const TOO_LONG = {
  code: 413,
  message: 'Line too long',
  detail: `A report has at most ${MAX_REPORT_BYTES / 1024 ** 2} MiB`,
} as const

/** @throws CliError when it is no complete array; nothing has been sent then. */
async function* arrayItems(
  path: string,
  head: Buffer[],
  chunks: AsyncIterator<Buffer>,
): AsyncGenerator<FileReport> {
  let length = 0
  const all: Buffer[] = []
  for await (const chunk of joined(head, chunks)) {
    length += chunk.length
    if (length > MAX_ARRAY_BYTES) {
      throw new CliError(
        'failure',
        `${path} is a JSON array of more than ${MAX_ARRAY_BYTES / 1024 ** 2} MiB: write one report per line instead, such as with jq -c '.[]'`,
      )
    }
    all.push(chunk)
  }
  const items = splitItems(path, decode(path, Buffer.concat(all)))
  if (items.length === 0) throw noReports(path)
  for (const [place, text] of items.entries()) yield { place, text, end: length }
}

function splitItems(path: string, text: string): string[] {
  try {
    return splitJsonArray(text, Number.POSITIVE_INFINITY)
  } catch (error) {
    if (!(error instanceof JsonBodyError)) throw error
    throw new CliError(
      'failure',
      `${path} is not a JSON array, and nothing of it was sent: ${error.message}`,
    )
  }
}

/** @throws CliError naming the line that is not UTF-8, or that there is nothing. */
function decode(path: string, bytes: Buffer): string {
  if (!isUtf8(bytes)) {
    const before = bytes.subarray(0, firstInvalid(bytes))
    const line = before.toString('latin1').split('\n').length
    const { message, detail } = utf8Fault(bytes.subarray(before.lastIndexOf(0x0a) + 1))
    throw new CliError('failure', `${path}, line ${line}: ${message}: ${detail}`)
  }
  const text = trimJson(withoutBom(bytes.toString('utf8')))
  if (text === '') throw noReports(path)
  return text
}

function noReports(path: string): CliError {
  return new CliError('failure', `${path} contains no reports`)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function sizeOf(path: string): number | null {
  const stat = path === '-' ? fstatSync(0) : statSync(path)
  return stat.isFile() ? stat.size : null
}
