/** The options of a token source, checked once and completed with defaults. */

import { urlFault } from '../protocol/secure-url.ts'
import { type Clock, systemClock } from '../transport/clock.ts'
import {
  type ClientKeySource,
  type Proof,
  readClientKey,
  readSecret,
  type SecretSource,
} from './credentials.ts'
import { EXCHANGE_TIMEOUT_MS } from './request-token.ts'
import { ConfigError } from './token-error.ts'
import type { TokenEvent, TokenLogger } from './token-events.ts'
import type { TokenStore } from './token-store.ts'

export interface TokenSourceOptions {
  /** The token endpoint. Default: discovered through `issuer` (RFC 8414). */
  readonly token_endpoint?: string
  readonly issuer?: string
  readonly client_id: string
  /**
   * The secret, or a function that reads it: called again for each token, so the secret may rotate.
   */
  readonly client_secret?: SecretSource
  /** Instead of a secret: the key that signs (`private_key_jwt`). Needs `issuer`. */
  readonly client_key?: ClientKeySource
  readonly audience: string
  /** Space-delimited. Default: everything granted. */
  readonly scope?: string
  /** Keeps tokens across restarts, and shares them between processes. */
  readonly store?: TokenStore
  /** For one whole exchange, a retry included. 10 seconds. */
  readonly timeoutMs?: number
  readonly fetch?: typeof globalThis.fetch
  readonly clock?: Clock
  readonly logger?: TokenLogger
  readonly onEvent?: (event: TokenEvent) => void
  /** From 0 to 1: spreads refreshes over a fleet. */
  readonly random?: () => number
  /** Allows plain `http:` to other machines, where something else protects the connection. */
  readonly allowInsecureRequests?: boolean
}

export interface TokenSourceSettings {
  readonly token_endpoint: string | null
  readonly issuer: string | null
  readonly client_id: string
  readonly audience: string
  readonly scope: string | null
  readonly store: TokenStore | null
  readonly timeoutMs: number
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
  readonly random: () => number
  readonly allowInsecureRequests: boolean
  readonly readProof: () => Promise<Proof>
}

/** @throws ConfigError that lists everything that is wrong. */
export function resolveOptions(options: TokenSourceOptions): TokenSourceSettings {
  const faults = faultsOf(options)
  if (faults.length > 0) throw new ConfigError(`${faults.join('; ')}.`)
  const { client_secret, client_key } = options
  return {
    token_endpoint: options.token_endpoint ?? null,
    issuer: options.issuer ?? null,
    client_id: options.client_id,
    audience: options.audience,
    scope: options.scope ?? null,
    store: options.store ?? null,
    timeoutMs: options.timeoutMs ?? EXCHANGE_TIMEOUT_MS,
    // Some runtimes refuse a `fetch` detached from its object.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    allowInsecureRequests: options.allowInsecureRequests ?? false,
    readProof: () =>
      client_key === undefined
        ? readSecret(client_secret as SecretSource)
        : readClientKey(client_key),
  }
}

function faultsOf(options: TokenSourceOptions): string[] {
  const { token_endpoint, issuer, client_secret, client_key, timeoutMs } = options
  const faults: string[] = []
  if ('window' in globalThis) {
    faults.push('a browser cannot keep a client secret: request tokens on a server or device')
  }
  if (token_endpoint === undefined && issuer === undefined) {
    faults.push('token_endpoint is not set, and neither is issuer')
  }
  for (const [name, url] of Object.entries({ token_endpoint, issuer })) {
    const fault = url === undefined ? null : urlFault(url, options.allowInsecureRequests)
    if (fault !== null) faults.push(`${name} ${fault}`)
  }
  for (const name of ['client_id', 'audience'] as const) {
    if (typeof options[name] !== 'string' || options[name] === '') faults.push(`${name} is not set`)
  }
  if (client_secret === undefined && client_key === undefined) {
    faults.push('client_secret is not set, and neither is client_key')
  }
  if (client_secret !== undefined && client_key !== undefined) {
    faults.push('client_secret and client_key are both set: keep one')
  }
  if (client_key !== undefined && issuer === undefined) {
    faults.push('client_key needs issuer: its assertions name it as audience')
  }
  if (typeof client_secret === 'string' && /^(?:file|env):/.test(client_secret)) {
    faults.push('client_secret names a file or variable: resolve it with @modulariot/oauth/node')
  }
  if (timeoutMs !== undefined && !(timeoutMs > 0)) faults.push('timeoutMs must be above 0')
  return faults
}
