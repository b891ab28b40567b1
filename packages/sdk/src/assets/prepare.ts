/** From what the application has to the text that is sent, checked by the rules the server has. */

import {
  type AssetTrackingData,
  MAX_JSON_DEPTH,
  MAX_REPORT_BYTES,
  REQUEST_ID_PATTERN,
  validateAssetTrackingData,
} from '@modulariot/telemetry'
import { ValidationError } from './errors.ts'
import type { Report } from './report.ts'

export interface PrepareOptions {
  /** Unix milliseconds. */
  readonly nowMs: number
  /** `lenient` lets unknown metric keys pass, for a server that is set so. */
  readonly validation: 'strict' | 'lenient'
  /** Made up when left out, unless the data has an `idempotency_key`, which means the same. */
  readonly requestId?: string | undefined
  /** Writes the id into the body: in a batch it stands for the `X-Request-Id`. */
  readonly keyed?: boolean
}

const REQUEST_ID = new RegExp(REQUEST_ID_PATTERN)

/**
 * Checks the text itself, as the server will see it: what JSON makes of a `Date`, of `undefined` or
 * of `NaN` counts, not what the object held.
 *
 * @throws ValidationError with every fault at once.
 */
export function prepareReport(data: AssetTrackingData, options: PrepareOptions): Report {
  const text = JSON.stringify(data) ?? 'null'
  const parsed = JSON.parse(text)
  const own = parsed?.idempotency_key
  const request_id = options.requestId ?? (own === undefined ? crypto.randomUUID() : own)
  const body = options.keyed && own === undefined ? withKey(text, request_id) : text
  const validation = validateAssetTrackingData(parsed, {
    nowMs: options.nowMs,
    unknownKeys: options.validation,
  })
  const errors: Record<string, string> = validation.ok ? {} : { ...validation.errors }
  const fault = structureFault(parsed)
  if (fault !== null) errors.body = fault
  if (new TextEncoder().encode(body).length > MAX_REPORT_BYTES) {
    errors.body = `must be at most ${MAX_REPORT_BYTES} bytes of JSON`
  }
  const idFault = requestIdFault(request_id)
  if (idFault !== null) errors[request_id === own ? 'idempotency_key' : 'X-Request-Id'] = idFault
  if (Object.keys(errors).length > 0) throw new ValidationError(errors)
  return { request_id, body }
}

/** @throws ValidationError when the header cannot carry this id. */
export function assertRequestId(request_id: string): void {
  const fault = requestIdFault(request_id)
  if (fault !== null) throw new ValidationError({ 'X-Request-Id': fault })
}

function requestIdFault(request_id: unknown): string | null {
  if (typeof request_id === 'string' && REQUEST_ID.test(request_id)) return null
  return 'must be a string of 1 to 128 visible ASCII characters'
}

/** What the server refuses before it looks at any member. */
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
 * The same text whether it is sent alone or in a batch, or the server would take one for another.
 */
function withKey(text: string, request_id: string): string {
  const comma = text === '{}' ? '' : ','
  return `${text.slice(0, -1)}${comma}"idempotency_key":${JSON.stringify(request_id)}}`
}
