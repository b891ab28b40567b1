/**
 * What can go wrong when requesting a token, one class per cause.
 *
 * None of them carries a secret or a token: text from outside passes `plainText` first, and a
 * library's error is never attached, since it may hold anything.
 */

/** Each code's class, and whether the same request may succeed later with nothing changed here. */
const KINDS = {
  invalid_client: { name: 'InvalidClientError', retryable: false },
  access_denied: { name: 'AccessDeniedError', retryable: false },
  rate_limited: { name: 'RateLimitedError', retryable: true },
  network_error: { name: 'NetworkError', retryable: true },
  timeout: { name: 'TimeoutError', retryable: true },
  server_error: { name: 'ServerError', retryable: true },
  config_error: { name: 'ConfigError', retryable: false },
} as const

export type TokenErrorCode = keyof typeof KINDS

export interface TokenErrorDetails {
  /** HTTP status, when there was an answer. */
  readonly status?: number | null
  /** The server's own `error` (RFC 6749 §5.2). */
  readonly error?: string | null
  /** `X-Request-Id` of the answer: quote it to the server's operator. */
  readonly requestId?: string | null
  readonly retryAfterSeconds?: number | null
}

/** The base of all errors below; catch it to catch them all. */
export abstract class TokenError extends Error {
  abstract readonly code: TokenErrorCode
  /** True when the same request may succeed later, with nothing changed on this side. */
  abstract readonly retryable: boolean
  readonly status: number | null
  readonly error: string | null
  readonly requestId: string | null
  readonly retryAfterSeconds: number | null

  constructor(message: string, details: TokenErrorDetails = {}) {
    super(message)
    this.status = details.status ?? null
    this.error = details.error ?? null
    this.requestId = details.requestId ?? null
    this.retryAfterSeconds = details.retryAfterSeconds ?? null
  }
}

interface KindOfTokenError<Code extends TokenErrorCode> {
  new (
    message: string,
    details?: TokenErrorDetails,
  ): TokenError & {
    readonly name: (typeof KINDS)[Code]['name']
    readonly code: Code
    readonly retryable: (typeof KINDS)[Code]['retryable']
  }
}

/** Returns the base class for one row of the table. */
function kindOf<Code extends TokenErrorCode>(code: Code): KindOfTokenError<Code> {
  const { name, retryable } = KINDS[code]
  return class extends TokenError {
    override readonly name = name
    override readonly code = code
    override readonly retryable = retryable
  }
}

/** The server does not know this client, or rejects its secret or key. */
export class InvalidClientError extends kindOf('invalid_client') {}

/** The client is known but lacks the audience, the scope or an allowed address. */
export class AccessDeniedError extends kindOf('access_denied') {}

/** Too many requests; `retryAfterSeconds` is when to send the next one. */
export class RateLimitedError extends kindOf('rate_limited') {}

/** No answer: no route, name not found, refused, reset, or an untrusted certificate. */
export class NetworkError extends kindOf('network_error') {}

/** No complete answer in time. */
export class TimeoutError extends kindOf('timeout') {}

/** The server failed, or sent something other than a token response. */
export class ServerError extends kindOf('server_error') {}

/** A setting on this side is wrong; the message says what to change. */
export class ConfigError extends kindOf('config_error') {}
