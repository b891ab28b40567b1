/**
 * One report in a spool file: `<checksum> <request id> <body>` and a newline.
 *
 * A body is JSON text and a request id visible ASCII, so neither contains a newline and the id no
 * space. The checksum detects lines half written because of a power cut or a worn flash card; it
 * does not protect against a person who can write the file.
 */

import { createHash } from 'node:crypto'
import type { Report } from '../assets/report.ts'

const CHECKSUM_LENGTH = 16
const NEWLINE = 0x0a

/** @throws TypeError for a report that could not be read back unchanged. */
export function encodeLine({ request_id, body }: Report): Buffer {
  if (!/^[\x21-\x7e]+$/.test(request_id) || body.includes('\n') || !body.isWellFormed()) {
    throw new TypeError(
      'A spool entry must be JSON on one line, with an id of visible ASCII characters',
    )
  }
  const content = `${request_id} ${body}`
  return Buffer.from(`${checksum(content)} ${content}\n`)
}

/** @returns null when the line is damaged. */
export function decodeLine(line: string): Report | null {
  const content = line.slice(CHECKSUM_LENGTH + 1)
  if (line[CHECKSUM_LENGTH] !== ' ' || line.slice(0, CHECKSUM_LENGTH) !== checksum(content))
    return null
  const space = content.indexOf(' ')
  if (space < 1) return null
  return { request_id: content.slice(0, space), body: content.slice(space + 1) }
}

export interface FoundLine {
  /** Null for a damaged line. */
  readonly report: Report | null
  /** Where the next line begins. */
  readonly end: number
}

/** The lines of a file from an offset on. A last line without a newline is torn. */
export function* linesOf(file: Buffer, offset: number): Generator<FoundLine> {
  for (let start = offset; start < file.length; ) {
    const newline = file.indexOf(NEWLINE, start)
    const end = newline === -1 ? file.length : newline + 1
    const report = newline === -1 ? null : decodeLine(file.toString('utf8', start, newline))
    yield { report, end }
    start = end
  }
}

export function checksum(content: string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, CHECKSUM_LENGTH)
}
