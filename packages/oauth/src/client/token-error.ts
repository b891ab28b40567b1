/**
 * What can go wrong on the way to a token, one class a cause.
 *
 * None of them carries a secret or a token: texts from outside pass `plainText` first, and the error of a
 * library is never attached as it came, since nobody knows what it holds.
 */

export type TokenErrorCode =
  | 'invalid_client'
  | 'access_denied'
  | 'rate_limited'
  | 'network_error'
  | 'timeout'
  | 'server_error'
  | 'config_error'

export interface TokenErrorDetails {
  /** HTTP status, when there was an answer. */
  readonly status?: number | null
  /** The server's own `error` (RFC 6749 §5.2). */
  readonly error?: string | null
  /** `X-Request-Id` of the answer: quote it to whoever runs the server. */
  readonly requestId?: string | null
  readonly retryAfterSeconds?: number | null
}

/** The base of all below; catch this to catch them all. */
export class TokenError extends Error {
  readonly code: TokenErrorCode
  readonly status: number | null
  readonly error: string | null
  readonly requestId: string | null
  /** True when the same request may succeed later without anybody doing anything. */
  readonly retryable: boolean
  readonly retryAfterSeconds: number | null

  constructor(
    code: TokenErrorCode,
    retryable: boolean,
    message: string,
    details: TokenErrorDetails = {},
  ) {
    super(message)
    this.code = code
    this.retryable = retryable
    this.status = details.status ?? null
    this.error = details.error ?? null
    this.requestId = details.requestId ?? null
    this.retryAfterSeconds = details.retryAfterSeconds ?? null
  }
}

/** The server does not know this client, or not with this secret or key. */
export class InvalidClientError extends TokenError {
  override readonly name = 'InvalidClientError'
  constructor(message: string, details?: TokenErrorDetails) {
    super('invalid_client', false, message, details)
  }
}

/** The client is known, and may not have what it asks for: audience, scope or address. */
export class AccessDeniedError extends TokenError {
  override readonly name = 'AccessDeniedError'
  constructor(message: string, details?: TokenErrorDetails) {
    super('access_denied', false, message, details)
  }
}

/** Too many requests. `retryAfterSeconds` says when the next one is welcome. */
export class RateLimitedError extends TokenError {
  override readonly name = 'RateLimitedError'
  constructor(message: string, details?: TokenErrorDetails) {
    super('rate_limited', true, message, details)
  }
}

/** No answer: no route, no name, refused, reset, or the certificate is not good. */
export class NetworkError extends TokenError {
  override readonly name = 'NetworkError'
  constructor(message: string, details?: TokenErrorDetails) {
    super('network_error', true, message, details)
  }
}

/** No whole answer in time. */
export class TimeoutError extends TokenError {
  override readonly name = 'TimeoutError'
  constructor(message: string, details?: TokenErrorDetails) {
    super('timeout', true, message, details)
  }
}

/** The server failed, or answered what is no answer to a token request. */
export class ServerError extends TokenError {
  override readonly name = 'ServerError'
  constructor(message: string, details?: TokenErrorDetails) {
    super('server_error', true, message, details)
  }
}

/** Something is set wrong here; the message says what to change. */
export class ConfigError extends TokenError {
  override readonly name = 'ConfigError'
  constructor(message: string, details?: TokenErrorDetails) {
    super('config_error', false, message, details)
  }
}
