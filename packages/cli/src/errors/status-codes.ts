/** HTTP statuses of refusals as error codes of commands. */

import type { CliErrorCode } from '../errors/cli-error.ts'

/** For both APIs; other statuses are plain failures. A new one is a new row. */
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
