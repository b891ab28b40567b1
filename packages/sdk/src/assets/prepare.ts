/** Turns the application's data into the text that is sent, checked by the server's own rules. */

import {
  MAX_JSON_DEPTH,
  MAX_REPORT_BYTES,
  MAX_REQUEST_ID_LENGTH,
  parseAssetTrackingData,
  REQUEST_ID_PATTERN,
} from '@modulariot/telemetry'
import { ValidationError } from './errors.ts'
import type { Report } from './report.ts'
import { movedFromFuture, onlyFromFuture, type Reading } from './stamps.ts'

export interface PrepareOptions {
  /** Unix milliseconds; Infinity while the time is not known. */
  readonly nowMs: number
  /** How far the device's clock is ahead, which explains times in the future. Default: 0. */
  readonly aheadMs?: number
  /** Unix milliseconds, for a report without a time. Default: `nowMs`. */
  readonly stampMs?: number
  /** `lenient` accepts unknown metric keys, for a server configured to keep them. */
  readonly validation: 'strict' | 'lenient'
  /** Default: the data's `idempotency_key`, which means the same, or a new id. */
  readonly requestId?: string | undefined
  /** Writes the id into the body: in a batch it replaces the `X-Request-Id`. */
  readonly keyed?: boolean
}

const REQUEST_ID = new RegExp(REQUEST_ID_PATTERN)

/**
 * Checks the serialized text, as the server will see it: what JSON makes of a `Date`, of
 * `undefined` or of `NaN` counts, not the object's own values.
 *
 * @throws ValidationError that lists every fault.
 */
export function prepareReport(data: Reading, options: PrepareOptions): Report {
  const report = prepareAsIs(data, options)
  if (!('errors' in report)) return report
  const { nowMs, aheadMs = 0 } = options
  const moved = onlyFromFuture(report.errors) && aheadMs > 0
  const body = moved ? movedFromFuture(stampedText(data, options), { nowMs, aheadMs }, true) : null
  if (body === null) throw new ValidationError(report.errors)
  return prepareReport(JSON.parse(body), { ...options, aheadMs: 0 })
}

/** The JSON text, with a time if it has none. */
function stampedText(data: Reading, { nowMs, stampMs = nowMs }: PrepareOptions): string {
  const text = JSON.stringify(data) ?? 'null'
  const parsed = JSON.parse(text)
  const isRecord = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
  if (!isRecord || parsed.timestamp !== undefined || !Number.isFinite(stampMs)) return text
  return JSON.stringify({ ...parsed, timestamp: new Date(stampMs).toISOString() })
}

function prepareAsIs(
  data: Reading,
  options: PrepareOptions,
): Report | { readonly errors: Record<string, string> } {
  const text = stampedText(data, options)
  const parsed = JSON.parse(text)
  const own = parsed?.idempotency_key
  const request_id = options.requestId ?? (own === undefined ? crypto.randomUUID() : own)
  const body = options.keyed && own === undefined ? withKey(text, request_id) : text
  const validation = parseAssetTrackingData(parsed, {
    nowMs: options.nowMs,
    validation: options.validation,
  })
  const errors: Record<string, string> = validation.ok ? {} : { ...validation.errors }
  const fault = structureFault(parsed)
  if (fault !== null) errors.body = fault
  if (new TextEncoder().encode(body).length > MAX_REPORT_BYTES) {
    errors.body = `must be at most ${MAX_REPORT_BYTES} bytes of JSON`
  }
  const idFault = requestIdFault(request_id)
  if (idFault !== null) errors[request_id === own ? 'idempotency_key' : 'X-Request-Id'] = idFault
  return Object.keys(errors).length > 0 ? { errors } : { request_id, body }
}

/** @throws ValidationError when the header cannot carry this id. */
export function assertRequestId(request_id: string): void {
  const fault = requestIdFault(request_id)
  if (fault !== null) throw new ValidationError({ 'X-Request-Id': fault })
}

function requestIdFault(request_id: unknown): string | null {
  if (typeof request_id === 'string' && REQUEST_ID.test(request_id)) return null
  return `must be a string of 1 to ${MAX_REQUEST_ID_LENGTH} visible ASCII characters`
}

/** What the server refuses before it checks any member. */
function structureFault(value: unknown, depth = 1): string | null {
  if (typeof value !== 'object' || value === null) return null
  if (depth > MAX_JSON_DEPTH) return `must not nest deeper than ${MAX_JSON_DEPTH} levels`
  if (Object.hasOwn(value, '__proto__')) return 'must not have a member named __proto__'
  for (const member of Object.values(value)) {
    const fault = structureFault(member, depth + 1)
    if (fault !== null) return fault
  }
  return null
}

/**
 * Always the same text, whether sent alone or in a batch; otherwise the server would see a
 * conflict.
 */
function withKey(text: string, request_id: string): string {
  const comma = text === '{}' ? '' : ','
  return `${text.slice(0, -1)}${comma}"idempotency_key":${JSON.stringify(request_id)}}`
}
