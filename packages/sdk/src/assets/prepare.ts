/** From what the application has to the text that is sent, checked by the rules the server has. */

import { type AssetTrackingData, validateAssetTrackingData } from '@modulariot/telemetry'
import type { Report } from '../buffer/report-queue.ts'
import { ValidationError } from './errors.ts'

/** The server takes no larger report. */
export const MAX_REPORT_BYTES = 1 << 20

export interface PrepareOptions {
  /** Unix milliseconds. */
  readonly nowMs: number
  /** `lenient` lets unknown metric keys pass, for a server that is set so. */
  readonly validation: 'strict' | 'lenient'
  /** Made up when left out. */
  readonly requestId?: string | undefined
}

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/

/**
 * Checks the text itself, as the server will see it: what JSON makes of a `Date`, of `undefined` or of
 * `NaN` counts, not what the object held.
 *
 * @throws ValidationError with every fault at once.
 */
export function prepareReport(data: AssetTrackingData, options: PrepareOptions): Report {
  const body = JSON.stringify(data) ?? 'null'
  const validation = validateAssetTrackingData(JSON.parse(body), {
    nowMs: options.nowMs,
    unknownKeys: options.validation,
  })
  const errors: Record<string, string> = validation.ok ? {} : { ...validation.errors }
  if (new TextEncoder().encode(body).length > MAX_REPORT_BYTES) {
    errors.body = `must be at most ${MAX_REPORT_BYTES} bytes of JSON`
  }
  const request_id = options.requestId ?? crypto.randomUUID()
  if (!REQUEST_ID.test(request_id)) {
    errors['X-Request-Id'] = 'must be 1 to 128 visible ASCII characters'
  }
  if (Object.keys(errors).length > 0) throw new ValidationError(errors)
  return { request_id, body }
}
