/** What an error of any package means to the user of a command. Loaded after a failure only. */

import { AdminError, type AdminErrorCode, SealBroken } from '@modulariot/auth/values'
import { TokenEndpointError, TokenError, type TokenErrorCode } from '@modulariot/oauth/client'
import { OAuthError } from '@modulariot/oauth/protocol'
import {
  StoreConflict,
  StoreDamaged,
  StoreUnavailable,
  StoreUnwritable,
} from '@modulariot/platform/storage'
import { RefusedError, ValidationError } from '@modulariot/sdk'
import { ConfigError } from '../config/read-settings.ts'
import { CliError, type CliErrorCode } from './cli-error.ts'
import { codeOfStatus } from './status-codes.ts'

export function toCliError(error: unknown): CliError {
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
    return new CliError('failure', 'The report is not valid:', error.errors)
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
    // A damaged file, or one that takes no writes, was reached.
    const reached = error instanceof StoreDamaged || error instanceof StoreUnwritable
    const code = reached ? 'failure' : 'network'
    return new CliError(code, `The store is unavailable: ${error.message}`)
  }
  if (isNetworkError(error)) return new CliError('network', explainNetwork(error))
  return new CliError('failure', error instanceof Error ? error.message : String(error))
}

const ADMIN_CODES: Readonly<Record<AdminErrorCode, CliErrorCode>> = {
  invalid_input: 'usage',
  unauthenticated: 'auth',
  forbidden: 'auth',
  insufficient_scope: 'auth',
  cross_site: 'auth',
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
