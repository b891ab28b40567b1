/** The two request headers of reports, required unless validation is lenient. */

import { isRequestId } from '@modulariot/platform/http'

/** Header values by lower-case name. */
export type SentHeaders = Readonly<Record<string, string | string[] | undefined>>

/** Unix seconds, fractions allowed. */
const UNIX_SECONDS = /^\d{1,12}(\.\d{1,9})?$/
const FUTURE_TOLERANCE_MS = 3_600_000

/**
 * @param validation `lenient` accepts missing headers, but no invalid ones.
 * @returns the request id, null for a missing one, or the faults by header name.
 */
export function checkHeaders(
  headers: SentHeaders,
  nowMs: number,
  validation: 'strict' | 'lenient',
): { request_id: string | null } | { errors: Record<string, string> } {
  const request_id = headers['x-request-id']
  const timestamp = headers['x-request-timestamp']
  const errors: Record<string, string> = {}
  const missing = validation === 'strict' ? 'is required' : null
  const id = isRequestId(request_id) ? request_id : null
  if (id === null) {
    const fault = request_id === undefined ? missing : 'must be 1 to 128 visible ASCII characters'
    if (fault !== null) errors['X-Request-Id'] = fault
  }
  if (timestamp === undefined) {
    if (missing !== null) errors['X-Request-Timestamp'] = missing
  } else if (typeof timestamp !== 'string' || !UNIX_SECONDS.test(timestamp)) {
    errors['X-Request-Timestamp'] = 'must be Unix seconds, such as 1735689600 or 1735689600.25'
  } else if (Number(timestamp) * 1000 > nowMs + FUTURE_TOLERANCE_MS) {
    errors['X-Request-Timestamp'] = 'must not be more than an hour in the future (in seconds)'
  }
  return Object.keys(errors).length > 0 ? { errors } : { request_id: id }
}
