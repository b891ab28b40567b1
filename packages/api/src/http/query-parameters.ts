/**
 * Parses query parameters. Unknown and invalid ones are refused, since ignoring them would return
 * the result of another query.
 */

import { isUtf8 } from 'node:buffer'
import { isCanonicalBase64url } from '@modulariot/oauth/protocol'
import { parseTimestamp } from '@modulariot/telemetry'
import { ApiError } from '../errors/api-error.ts'
import type { RowKey } from '../store/store.ts'

/** The parsed query string: each value is a string or an array of strings. */
export type SentQuery = Readonly<Record<string, unknown>>

const DEFAULT_LIMIT = 50
const MAX_CURSOR_LENGTH = 2048
const MAX_TEXT_LENGTH = 255

/** @throws ApiError 400 naming the first parameter that is not among `known`. */
export function assertKnown(query: SentQuery, known: readonly string[]): void {
  const unknown = Object.keys(query).find((name) => !known.includes(name))
  if (unknown === undefined) return
  const takes = known.length === 0 ? 'none' : known.join(', ')
  throw new ApiError(400, 'Unknown query parameter', `This endpoint accepts ${takes}`)
}

/** @throws ApiError 400 */
export function parseLimit({ limit }: SentQuery, max: number): number {
  if (limit === undefined) return DEFAULT_LIMIT
  const value = typeof limit === 'string' && /^\d{1,6}$/.test(limit) ? Number(limit) : 0
  if (value < 1 || value > max) {
    throw invalid('limit', `must be a whole number from 1 to ${max}`)
  }
  return value
}

/** @throws ApiError 400 for a parameter that is blank, too long or repeated. */
export function parseText(query: SentQuery, name: string): string | undefined {
  const value = query[name]
  if (value === undefined) return undefined
  // In code points, as the schema of a report counts: each has at most two UTF-16 units.
  const fits =
    typeof value === 'string' &&
    value.trim() !== '' &&
    value.length <= 2 * MAX_TEXT_LENGTH &&
    [...value].length <= MAX_TEXT_LENGTH
  if (!fits) {
    throw invalid(name, `must be given once, with 1 to ${MAX_TEXT_LENGTH} characters`)
  }
  // No stored name contains it, and PostgreSQL does not accept it in a parameter.
  if (value.includes('\0')) throw invalid(name, 'must not contain the character U+0000')
  return value
}

/** @throws ApiError 400 */
export function parseWord<Word extends string>(
  query: SentQuery,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const value = query[name]
  const word = words.find((one) => one === value)
  if (value !== undefined && word === undefined) {
    throw invalid(name, `must be one of ${words.join(', ')}`)
  }
  return word
}

/**
 * Unix milliseconds of an ISO 8601 timestamp with zone. A space is read as the plus sign it was
 * before the query string was decoded.
 *
 * @throws ApiError 400
 */
export function parseInstant(query: SentQuery, name: string): number | undefined {
  const value = query[name]
  if (value === undefined) return undefined
  const instant = typeof value === 'string' ? parseTimestamp(value.replace(' ', '+')) : null
  if (instant === null) {
    throw invalid(name, 'must be ISO 8601 with zone, such as 2026-01-15T12:00:00Z')
  }
  return instant
}

/** @throws ApiError 400 */
export function parsePeriod(query: SentQuery): { from_ms?: number; to_ms?: number } {
  const from_ms = parseInstant(query, 'from')
  const to_ms = parseInstant(query, 'to')
  if (from_ms !== undefined && to_ms !== undefined && from_ms >= to_ms) {
    throw invalid('from', 'must be before to')
  }
  return { ...(from_ms !== undefined && { from_ms }), ...(to_ms !== undefined && { to_ms }) }
}

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** `30s`, `5m`, `1h`, `1d`; in milliseconds. @throws ApiError 400 */
export function parseBucket({ bucket }: SentQuery): number | undefined {
  if (bucket === undefined) return undefined
  const match = typeof bucket === 'string' ? /^([1-9]\d{0,4})([smhd])$/.exec(bucket) : null
  if (match === null) throw invalid('bucket', 'must be like 30s, 5m, 1h or 1d')
  return Number(match[1]) * (UNIT_MS[match[2] as string] as number)
}

/** The shortest bucket of at least `ms`, in the format of `parseBucket`. */
export function writeBucket(ms: number): string {
  const fits = Object.entries(UNIT_MS).find(([, unitMs]) => ms / unitMs <= 99_999)
  const [unit, unitMs] = fits ?? ['d', 86_400_000]
  return `${Math.ceil(ms / unitMs)}${unit}`
}

/** Encodes a cursor so that it needs no escaping in a URL. */
export function writeCursor(text: string | null): string | null {
  return text === null ? null : Buffer.from(text).toString('base64url')
}

/**
 * Refuses anything that `writeCursor` cannot have returned: a truncated cursor would restart the
 * list, and the client would loop.
 *
 * @throws ApiError 400
 */
export function parseCursor({ cursor }: SentQuery): string | null {
  if (cursor === undefined) return null
  const bytes =
    typeof cursor === 'string' && cursor.length <= MAX_CURSOR_LENGTH && isCanonicalBase64url(cursor)
      ? Buffer.from(cursor, 'base64url')
      : null
  if (bytes === null || !isUtf8(bytes) || bytes.includes(0)) throw invalidCursor()
  return bytes.toString()
}

/** @param list the list and direction that the cursor is valid for. */
export function writeRowKey(list: string, key: RowKey | null): string | null {
  return key === null ? null : writeCursor(`${list} ${key.join(' ')}`)
}

/** @param list the list that the cursor is valid for. */
export function writeName(list: string, name: string | null): string | null {
  return name === null ? null : writeCursor(`${list} ${name}`)
}

/** The name in a cursor of this list. @throws ApiError 400 */
export function parseName(query: SentQuery, list: string): string | null {
  const text = parseCursor(query)
  if (text === null) return null
  if (!text.startsWith(`${list} `)) throw invalidCursor()
  return text.slice(list.length + 1)
}

/**
 * The row key in a cursor of this list.
 *
 * @param length how many numbers the key has.
 * @throws ApiError 400
 */
export function parseRowKey(query: SentQuery, list: string, length: number): RowKey | null {
  const text = parseCursor(query)
  if (text === null) return null
  const [name, ...numbers] = text.split(' ')
  const key = numbers.map(Number)
  const ours =
    name === list &&
    numbers.length === length &&
    key.every((number, index) => Number.isSafeInteger(number) && String(number) === numbers[index])
  if (!ours) throw invalidCursor()
  return key
}

function invalidCursor(): ApiError {
  return new ApiError(400, 'Invalid cursor', 'Pass next_cursor of the previous page, unchanged')
}

export function invalid(name: string, what: string): ApiError {
  return new ApiError(400, `Invalid ${name}`, `${name} ${what}`)
}
