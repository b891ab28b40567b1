/** The two required request headers. */

import { isRequestId } from '@modulariot/platform/http'

/** Header values by lower-case name. */
export type SentHeaders = Readonly<Record<string, string | string[] | undefined>>

/** Unix seconds, fractions allowed. */
const UNIX_SECONDS = /^\d{1,12}(\.\d{1,9})?$/
const FUTURE_TOLERANCE_MS = 3_600_000

/** @returns the request id, or the faults by header name. */
export function checkHeaders(
  headers: SentHeaders,
  nowMs: number,
): { request_id: string } | { errors: Record<string, string> } {
  const request_id = headers['x-request-id']
  const timestamp = headers['x-request-timestamp']
  const errors: Record<string, string> = {}
  const id = isRequestId(request_id) ? request_id : null
  if (id === null) {
    errors['X-Request-Id'] =
      request_id === undefined ? 'is required' : 'must be 1 to 128 visible ASCII characters'
  }
  if (timestamp === undefined) errors['X-Request-Timestamp'] = 'is required'
  else if (typeof timestamp !== 'string' || !UNIX_SECONDS.test(timestamp)) {
    errors['X-Request-Timestamp'] = 'must be Unix seconds, such as 1735689600 or 1735689600.25'
  } else if (Number(timestamp) * 1000 > nowMs + FUTURE_TOLERANCE_MS) {
    errors['X-Request-Timestamp'] = 'must not be more than an hour in the future (in seconds)'
  }
  return id === null || Object.keys(errors).length > 0 ? { errors } : { request_id: id }
}
