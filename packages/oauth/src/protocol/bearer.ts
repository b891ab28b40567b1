/**
 * The Bearer scheme: reading the header (RFC 6750 §2.1) and writing the challenge (RFC 6750 §3).
 */

import { OAuthError } from './oauth-error.ts'

/** b64token of RFC 6750 §2.1. */
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i

/**
 * The token of an `Authorization` header.
 *
 * @throws OAuthError with `reason.kind` `no_token` when no Bearer token was offered,
 *   `malformed_token` when one was but cannot be read.
 */
export function parseBearerToken(authorization: string | undefined): string {
  if (authorization === undefined || !/^bearer(?: |$)/i.test(authorization)) {
    throw new OAuthError('invalid_token', 'A Bearer access token is required', 401, {
      kind: 'no_token',
    })
  }
  const token = BEARER.exec(authorization)?.[1]
  if (token === undefined) {
    throw new OAuthError('invalid_token', 'The Authorization header is malformed', 401, {
      kind: 'malformed_token',
      detail: 'header',
    })
  }
  return token
}

export interface ChallengeOptions {
  /** The name of the API, for people (RFC 9110 §11.5). */
  readonly realm?: string
  /** Where RFC 9728 metadata about the resource is served. */
  readonly resource_metadata?: string
}

/** The errors of RFC 6750 §3.1 that a resource server answers with a challenge. */
const TOKEN_ERRORS: ReadonlySet<string> = new Set(['invalid_token', 'insufficient_scope'])

/**
 * Whether the refusal concerns the token, so that the answer carries a `WWW-Authenticate` challenge
 * (RFC 6750 §3). A refused address, for example, does not.
 */
export function isAboutToken(error: unknown): error is OAuthError {
  return error instanceof OAuthError && TOKEN_ERRORS.has(error.error)
}

/**
 * The `WWW-Authenticate` value for a refused request.
 *
 * A request without a token gets no error code (RFC 6750 §3.1), but at least one parameter (§3).
 */
export function bearerChallenge(error: OAuthError, options: ChallengeOptions = {}): string {
  const parameters: string[] = []
  if (options.realm !== undefined) parameters.push(`realm=${quoted(options.realm)}`)
  if (error.reason.kind !== 'no_token') {
    parameters.push(`error=${quoted(error.error)}`)
    parameters.push(`error_description=${quoted(error.error_description)}`)
  }
  if (error.reason.kind === 'insufficient_scope') {
    parameters.push(`scope=${quoted(error.reason.scope)}`)
  }
  if (options.resource_metadata !== undefined) {
    parameters.push(`resource_metadata=${quoted(options.resource_metadata)}`)
  }
  if (parameters.length === 0) parameters.push('realm="API"')
  return `Bearer ${parameters.join(', ')}`
}

/** No value may hold a quote, a backslash or anything but printable ASCII (RFC 6750 §3). */
function quoted(text: string): string {
  return `"${text.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?')}"`
}
