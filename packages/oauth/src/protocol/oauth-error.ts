/**
 * The protocol's one error. Thrown anywhere, rendered in one place at the edge.
 *
 * `error` and `error_description` go on the wire (RFC 6749 §5.2, RFC 6750 §3.1). `reason` is for
 * the audit trail and the metrics and never leaves the server.
 */

import type { RateLimit } from './rate-limit.ts'

/** Error codes we answer with: RFC 6749 §5.2, RFC 6750 §3.1, RFC 8707 §2. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'access_denied'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'temporarily_unavailable'
  | 'server_error'

/** Why a request was refused, in more detail than the answer gives. */
export type Refusal =
  | { kind: 'malformed_request' }
  | { kind: 'missing_parameter'; parameters: readonly string[] }
  | { kind: 'unsupported_grant_type' }
  | { kind: 'no_client_authentication' }
  | { kind: 'malformed_client_authentication' }
  | { kind: 'malformed_secret'; client_id: string }
  | { kind: 'malformed_assertion'; detail: string }
  | { kind: 'unknown_client'; client_id: string }
  | { kind: 'wrong_secret'; client_id: string }
  /** The client has a secret whose digest only a former encryption key can make: rotate it. */
  | { kind: 'secret_under_former_key'; client_id: string }
  | { kind: 'bad_assertion'; client_id: string; detail: string }
  /** Signed by the client, but a claim is not what it must be. */
  | { kind: 'bad_assertion_claim'; client_id: string; claim: string; rule: string }
  | { kind: 'secret_expired'; client_id: string }
  | { kind: 'client_disabled'; client_id: string }
  | { kind: 'address_not_allowed'; client_id: string; address: string }
  | { kind: 'audience_not_granted'; client_id: string; audience: string }
  | { kind: 'scope_not_granted'; client_id: string; audience: string }
  | {
      kind: 'too_many_failures'
      limits: readonly RateLimit[]
      retry_after_seconds: number
    }
  | {
      kind: 'quota_exceeded'
      client_id: string
      limits: readonly RateLimit[]
      retry_after_seconds: number
    }
  | {
      kind: 'over_bound'
      bound: 'revoked_tokens' | 'waiting_followers'
      retry_after_seconds: number
    }
  | { kind: 'no_token' }
  | { kind: 'malformed_token'; detail: string }
  | { kind: 'unknown_key' }
  | { kind: 'bad_signature' }
  /** With the client when the token has our signature and issuer. */
  | { kind: 'claim_rejected'; claim: string; client_id?: string }
  | { kind: 'revoked_token'; client_id: string }
  | { kind: 'foreign_token'; client_id: string }
  | { kind: 'insufficient_scope'; client_id: string; scope: string }
  | { kind: 'unavailable'; detail: string }

export class OAuthError extends Error {
  override readonly name = 'OAuthError'
  readonly error: OAuthErrorCode
  readonly error_description: string
  /** HTTP status. */
  readonly status: number
  readonly reason: Refusal

  constructor(error: OAuthErrorCode, error_description: string, status: number, reason: Refusal) {
    super(`${error}: ${error_description}`)
    this.error = error
    this.error_description = error_description
    this.status = status
    this.reason = reason
  }
}

/** A request that cannot be parsed: 400 `invalid_request` (RFC 6749 §5.2). */
export function malformedRequest(error_description: string, status = 400): OAuthError {
  return new OAuthError('invalid_request', error_description, status, { kind: 'malformed_request' })
}
