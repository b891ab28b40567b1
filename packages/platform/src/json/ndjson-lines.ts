/**
 * Lines of NDJSON, taken from the bytes one by one, so that a large body is held once and not again
 * as text.
 */

import { isUtf8 } from 'node:buffer'
import { trimJson } from './json-array.ts'
import { JsonBodyError } from './json-body.ts'

const NEWLINE = 0x0a

/** How many lines there are, blank ones too; of more than `max` it says `max + 1`. */
export function countLines(bytes: Buffer, max: number): number {
  let lines = 0
  for (let start = 0; start < bytes.length && lines <= max; lines++) start = endOf(bytes, start) + 1
  return lines
}

/**
 * The lines that are not blank; whether each is JSON is for the parser to say.
 *
 * @throws JsonBodyError at once when the bytes are not UTF-8 (RFC 8259 §8.1).
 */
export function linesOf(bytes: Buffer): Generator<string, void> {
  if (!isUtf8(bytes)) throw new JsonBodyError('The body is not valid UTF-8')
  return eachLine(bytes)
}

function* eachLine(bytes: Buffer): Generator<string, void> {
  for (let start = 0; start < bytes.length; ) {
    const end = endOf(bytes, start)
    const line = trimJson(bytes.toString('utf8', start, end))
    if (line !== '') yield line
    start = end + 1
  }
}

function endOf(bytes: Buffer, start: number): number {
  const newline = bytes.indexOf(NEWLINE, start)
  return newline === -1 ? bytes.length : newline
}
