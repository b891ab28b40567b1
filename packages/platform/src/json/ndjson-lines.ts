/**
 * Reads lines of NDJSON from the bytes one by one, so that a large body is not held a second time
 * as text.
 */

import { isUtf8 } from 'node:buffer'
import { trimJson } from './json-array.ts'
import { JsonBodyError, withoutBom } from './unique-json.ts'

const NEWLINE = 0x0a

/** The number of lines, blank ones included; `max + 1` when there are more than `max`. */
export function countLines(bytes: Buffer, max: number): number {
  let lines = 0
  for (let start = 0; start < bytes.length && lines <= max; lines++) start = endOf(bytes, start) + 1
  return lines
}

/**
 * The lines that are not blank, without byte order marks; whether each is valid JSON is left to the
 * parser.
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
    const line = trimJson(withoutBom(bytes.toString('utf8', start, end)))
    if (line !== '') yield line
    start = end + 1
  }
}

function endOf(bytes: Buffer, start: number): number {
  const newline = bytes.indexOf(NEWLINE, start)
  return newline === -1 ? bytes.length : newline
}
