/** The admin client for programs: put together, with its defaults. */

import {
  ConfigError,
  createAuthorizedFetch,
  TokenSource,
  type TokenSourceOptions,
} from '@modulariot/oauth/client'
import { DEFAULT_RETRY, type RetryLimits, retryWith } from '../request/retries.ts'
import { REQUEST_TIMEOUT_MS } from '../request/send.ts'
import { systemTiming, type Timing } from '../timing/timing.ts'
import { adminOver } from './admin-over.ts'
import { httpTransport } from './http-transport.ts'
import type { ModularIoTAdmin } from './modular-iot-admin.ts'

/** The options of a token source, whose audience is the admin API of the issuer, and: */
export interface ModularIoTAdminOptions extends Omit<TokenSourceOptions, 'issuer' | 'audience'> {
  /** Base URL of ModularIoT Auth. The token is sent nowhere else. */
  readonly issuer: string
  /** For one request and its whole answer. 30 seconds. */
  readonly requestTimeoutMs?: number
  readonly retry?: Partial<RetryLimits>
  readonly timing?: Timing
}

/** @throws ConfigError that lists everything that is wrong. */
export function createAdminClient(options: ModularIoTAdminOptions): ModularIoTAdmin {
  if (typeof options.issuer !== 'string') throw new ConfigError('issuer is not set.')
  const issuer = options.issuer.replace(/\/+$/, '')
  const apiUrl = `${issuer}/admin/v1`
  const token_endpoint = `${issuer}/oauth2/token`
  const source = new TokenSource({ token_endpoint, ...options, issuer, audience: apiUrl })
  const { timing = systemTiming, fetch, clock, allowInsecureRequests } = options
  const deps = {
    apiUrl,
    client_id: options.client_id,
    fetch: createAuthorizedFetch(source, {
      origins: apiUrl,
      ...(fetch && { fetch }),
      ...(clock && { clock }),
      ...(allowInsecureRequests && { allowInsecureRequests }),
    }),
    serverClock: source.serverClock,
    redact: (text: string) => source.redact(text),
    timeoutMs: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
  }
  const retry = retryWith({ ...DEFAULT_RETRY, ...options.retry }, timing)
  return adminOver(httpTransport(deps, retry))
}
