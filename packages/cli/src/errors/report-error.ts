/** Reports a failure: a message (or one JSON object) on stderr, and the exit status. */

import { AdminError, type AdminErrorCode, SealBroken } from '@modulariot/auth'
import { TokenEndpointError, TokenError, type TokenErrorCode } from '@modulariot/oauth/client'
import { OAuthError } from '@modulariot/oauth/protocol'
import { StoreConflict, StoreUnavailable } from '@modulariot/platform/storage'
import { RefusedError, ValidationError } from '@modulariot/sdk'
import { CommanderError } from 'commander'
import { ConfigError } from '../config/read-settings.ts'
import { writeError } from '../terminal/standard-streams.ts'
import { jsonText, oneLine } from '../terminal/terminal-text.ts'
import { faultLines } from './api-refusal.ts'
import { CliError, type CliErrorCode, EXIT } from './cli-error.ts'
import { codeOfStatus } from './status-codes.ts'

/** Prints the error and returns the exit status. */
export function reportError(error: unknown, json: boolean): number {
  if (error instanceof CommanderError) {
    // Commander has already printed help or its message, except in JSON mode.
    if (error.exitCode === 0) return 0
    if (json) writeJson('usage', explainUsage(error))
    return EXIT.usage
  }
  const { code, message, lines } = toCliError(error)
  if (json) writeJson(code, message)
  else writeError(`miot: ${lines.map(oneLine).join('\n')}\n`)
  return EXIT[code]
}

function explainUsage(error: CommanderError): string {
  if (error.code === 'commander.help') return 'No command given; run miot --help for a list'
  return error.message.replace(/^error: /, '')
}

function writeJson(code: CliErrorCode, message: string): void {
  writeError(`${jsonText({ error: { code, message } })}\n`)
}

function toCliError(error: unknown): CliError {
  if (error instanceof CliError) return error
  if (error instanceof ConfigError) return new CliError('usage', error.faults)
  if (error instanceof AdminError) return new CliError(ADMIN_CODES[error.code], error.message)
  if (error instanceof TokenEndpointError) {
    const refused = ['invalid_target', 'invalid_scope'].includes(error.error)
    const code = refused ? 'auth' : (TOKEN_ENDPOINT_CODES[error.status] ?? 'failure')
    return new CliError(
      code,
      `The token endpoint refused the request: ${error.error}: ${error.message}`,
    )
  }
  if (error instanceof TokenError) return new CliError(TOKEN_CODES[error.code], error.message)
  if (error instanceof ValidationError) {
    return new CliError('failure', ['The report is not valid:', ...faultLines(error.errors)])
  }
  if (error instanceof RefusedError) return new CliError(codeOfStatus(error.status), error.message)
  if (error instanceof OAuthError) {
    const code = error.status === 503 ? 'network' : 'auth'
    const why = error.cause instanceof Error ? `: ${error.cause.message}` : ''
    return new CliError(code, error.error_description + why)
  }
  if (error instanceof SealBroken || error instanceof StoreConflict) {
    return new CliError('failure', error.message)
  }
  if (error instanceof StoreUnavailable) {
    return new CliError('failure', `The store is unavailable: ${error.message}`)
  }
  if (isNetworkError(error)) return new CliError('network', explainNetwork(error))
  return new CliError('failure', error instanceof Error ? error.message : String(error))
}

const ADMIN_CODES: Readonly<Record<AdminErrorCode, CliErrorCode>> = {
  invalid_input: 'usage',
  forbidden: 'auth',
  not_found: 'not_found',
  conflict: 'failure',
  precondition_failed: 'failure',
  too_many_requests: 'rate_limited',
}

/** Errors of the token and of requests with it. */
const TOKEN_CODES: Readonly<Record<TokenErrorCode, CliErrorCode>> = {
  invalid_client: 'auth',
  access_denied: 'auth',
  rate_limited: 'rate_limited',
  network_error: 'network',
  timeout: 'network',
  server_error: 'network',
  config_error: 'usage',
}

const TOKEN_ENDPOINT_CODES: Readonly<Record<number, CliErrorCode>> = {
  401: 'auth',
  403: 'auth',
  429: 'rate_limited',
  503: 'network',
}

/** `fetch` throws a TypeError with the actual cause, or a TimeoutError. */
function isNetworkError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false
  return error.name === 'TimeoutError' || (error instanceof TypeError && error.cause !== undefined)
}

function explainNetwork(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause : error
  const code = 'code' in cause ? ` (${String(cause.code)})` : ''
  return `Cannot reach the server${code}: ${cause.message || 'is miot serve running?'}`
}
