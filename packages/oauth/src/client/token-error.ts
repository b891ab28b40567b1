/**
 * What can go wrong on the way to a token, one class a cause.
 *
 * None of them carries a secret or a token: texts from outside pass `plainText` first, and the
 * error of a library is never attached as it came, since nobody knows what it holds.
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
export abstract class TokenError extends Error {
  abstract readonly code: TokenErrorCode
  /** True when the same request may succeed later, with nothing changed here. */
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

/** The server does not know this client, or not with this secret or key. */
export class InvalidClientError extends TokenError {
  override readonly name = 'InvalidClientError'
  override readonly code = 'invalid_client'
  override readonly retryable = false
}

/** The client is known, and may not have what it asks for: audience, scope or address. */
export class AccessDeniedError extends TokenError {
  override readonly name = 'AccessDeniedError'
  override readonly code = 'access_denied'
  override readonly retryable = false
}

/** Too many requests. `retryAfterSeconds` says when the next one is welcome. */
export class RateLimitedError extends TokenError {
  override readonly name = 'RateLimitedError'
  override readonly code = 'rate_limited'
  override readonly retryable = true
}

/** No answer: no route, no name, refused, reset, or the certificate is not good. */
export class NetworkError extends TokenError {
  override readonly name = 'NetworkError'
  override readonly code = 'network_error'
  override readonly retryable = true
}

/** No whole answer in time. */
export class TimeoutError extends TokenError {
  override readonly name = 'TimeoutError'
  override readonly code = 'timeout'
  override readonly retryable = true
}

/** The server failed, or answered what is no answer to a token request. */
export class ServerError extends TokenError {
  override readonly name = 'ServerError'
  override readonly code = 'server_error'
  override readonly retryable = true
}

/** Something is set wrong here; the message says what to change. */
export class ConfigError extends TokenError {
  override readonly name = 'ConfigError'
  override readonly code = 'config_error'
  override readonly retryable = false
}
