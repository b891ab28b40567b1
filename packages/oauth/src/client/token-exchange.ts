/**
 * One exchange of the client's proof for a token, from reading the secret to a typed error.
 *
 * Caches nothing but the discovered address of the token endpoint.
 */

import { urlFault } from '../protocol/secure-url.ts'
import type { Clock, Moment } from '../transport/clock.ts'
import { momentOf } from '../transport/clock.ts'
import { discoverMetadata, MetadataUnavailable, NotMetadata } from '../transport/discover.ts'
import type { Proof } from './credentials.ts'
import { plainText } from './plain-text.ts'
import { sendTokenRequest, type TokenAnswer, TokenEndpointError } from './request-token.ts'
import type { ServerClock } from './server-clock.ts'
import {
  AccessDeniedError,
  ConfigError,
  InvalidClientError,
  NetworkError,
  RateLimitedError,
  ServerError,
  TokenError,
  type TokenErrorDetails,
} from './token-error.ts'

export interface ExchangeSettings {
  readonly token_endpoint: string | null
  readonly issuer: string | null
  readonly client_id: string
  readonly audience: string
  readonly scope: string | null
  readonly allowInsecureRequests: boolean
  readonly readProof: () => Promise<Proof>
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
  readonly serverClock: ServerClock
  /** Called when the secret is read again because it was refused. */
  readonly onSecretReread: () => void
}

export interface Exchanged {
  readonly answer: TokenAnswer
  /** When the request for it was sent. */
  readonly begun: Moment
  /** The proof that was accepted: a different one than passed in, when that one was refused. */
  readonly proof: Proof
}

export type Exchange = (proof: Proof, signal: AbortSignal) => Promise<Exchanged>

/** A smaller change of skew cannot be why an assertion was refused. */
const SIGNIFICANT_SKEW_MS = 5_000

export function createExchange(settings: ExchangeSettings): Exchange {
  let discovered: string | null = null

  async function endpoint(signal: AbortSignal): Promise<string> {
    const known = settings.token_endpoint ?? discovered
    if (known !== null) return known
    discovered = await discoverTokenEndpoint(settings, signal)
    return discovered
  }

  async function attempt(proof: Proof, signal: AbortSignal): Promise<Exchanged> {
    const { client_id, issuer, serverClock } = settings
    const token_endpoint = await endpoint(signal)
    const nowSeconds = serverClock.nowMs() / 1000
    const proven = await proof.parameters({ client_id, issuer, nowSeconds })
    const begun = momentOf(settings.clock)
    const parameters = {
      grant_type: 'client_credentials',
      ...proven,
      audience: settings.audience,
      ...(settings.scope !== null && { scope: settings.scope }),
    }
    const onDate = (serverMs: number) => serverClock.learn(serverMs, begun)
    try {
      const options = { fetch: settings.fetch, signal, onDate }
      const answer = await sendTokenRequest(token_endpoint, parameters, options)
      return { answer, begun, proof }
    } catch (error) {
      const secrets = [...proof.secrets, proven.client_assertion ?? '']
      throw toTokenError(error, `${token_endpoint}, client ${client_id}`, secrets, signal)
    }
  }

  return async function exchange(proof, signal) {
    // 1. Send the request with the proof as read.
    const skewBefore = settings.serverClock.skewMs
    try {
      return await attempt(proof, signal)
    } catch (error) {
      if (!(error instanceof InvalidClientError)) throw error
      // 2. Refused: has the secret been rotated since, or was the assertion signed with a wrong
      // time?
      settings.onSecretReread()
      const again = await settings.readProof()
      const skewChange = Math.abs(settings.serverClock.skewMs - skewBefore)
      const signedWrongly = again.secrets.length === 0 && skewChange > SIGNIFICANT_SKEW_MS
      // 3. The same secret would be refused again, and count as another failure.
      if (again.identity === proof.identity && !signedWrongly) throw error
      return attempt(again, signal)
    }
  }
}

async function discoverTokenEndpoint(
  { issuer, client_id, fetch, allowInsecureRequests }: ExchangeSettings,
  signal: AbortSignal,
): Promise<string> {
  try {
    const { token_endpoint } = await discoverMetadata(issuer as string, fetch, signal)
    const fault =
      token_endpoint === null ? 'is missing' : urlFault(token_endpoint, allowInsecureRequests)
    if (fault !== null) throw new NotMetadata(`the token_endpoint of ${issuer} ${fault}`)
    return token_endpoint as string
  } catch (error) {
    if (error instanceof NotMetadata) throw new ConfigError(plainText(error.message, []))
    if (error instanceof MetadataUnavailable) {
      throw new ServerError(plainText(error.message, []), { status: error.status })
    }
    throw toTokenError(error, `${issuer}, client ${client_id}`, [], signal)
  }
}

type Failure = new (message: string, details?: TokenErrorDetails) => TokenError

/** By the server's own error code (RFC 6749 §5.2, RFC 8707 §2), for statuses that are ambiguous. */
const BY_ERROR: Readonly<Record<string, Failure>> = {
  invalid_client: InvalidClientError,
  access_denied: AccessDeniedError,
  unauthorized_client: AccessDeniedError,
  invalid_target: AccessDeniedError,
  invalid_scope: AccessDeniedError,
}

const BY_STATUS: Readonly<Record<number, Failure>> = {
  401: InvalidClientError,
  403: AccessDeniedError,
  408: ServerError,
  425: ServerError,
  429: RateLimitedError,
}

function failureOf(status: number, error: string): Failure {
  if (status === 0 || (status >= 300 && status < 400)) return ConfigError
  if (status < 400 || status >= 500) return ServerError
  return BY_STATUS[status] ?? BY_ERROR[error] ?? ConfigError
}

function toTokenError(
  error: unknown,
  /** Address and client, for messages. */
  address: string,
  secrets: readonly string[],
  signal: AbortSignal,
): unknown {
  if (error instanceof TokenError) return error
  if (signal.aborted && signal.reason instanceof TokenError) return signal.reason
  if (error instanceof TokenEndpointError) {
    const { status, message, requestId, retryAfterSeconds } = error
    const word = plainText(error.error, secrets)
    const Failure = failureOf(status, error.error)
    return new Failure(`${word}: ${plainText(message, secrets)} (${address})`, {
      status,
      error: word,
      requestId: requestId === null ? null : plainText(requestId, secrets),
      retryAfterSeconds,
    })
  }
  return new NetworkError(`${address}: cannot be reached (${causeOf(error)})`)
}

/** The system's error code, if the runtime exposes it. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return 'no reason given'
  return plainText('code' in cause ? String(cause.code) : cause.name, [])
}
