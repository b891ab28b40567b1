/** What the HTTP status of a refusal means for the command that it ends. */

import type { CliErrorCode } from '../errors/cli-error.ts'

/** Of both APIs; others are plain failures. A new one is a new row. */
const CODES: Readonly<Record<number, CliErrorCode>> = {
  401: 'auth',
  403: 'auth',
  404: 'not_found',
  429: 'rate_limited',
  503: 'network',
}

export function codeOfStatus(status: number): CliErrorCode {
  return CODES[status] ?? 'failure'
}
