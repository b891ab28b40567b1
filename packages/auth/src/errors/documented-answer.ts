/**
 * How the documented face (`/api/v1/login`) words a refusal. Errors are decided in the standard's
 * words (RFC 6749); the table holds all the differences.
 */

import type { OAuthErrorCode, Refusal } from '@modulariot/oauth/protocol'

export interface OAuthAnswer {
  readonly status: number
  readonly error: OAuthErrorCode
  readonly error_description: string
}

const UNAUTHORIZED = {
  status: 401,
  error: 'access_denied',
  error_description: 'Unauthorized',
} as const

/** What the documented face responds instead, by reason. */
const DOCUMENTED_ANSWERS: Partial<Record<Refusal['kind'], Partial<OAuthAnswer>>> = {
  no_client_authentication: { status: 400, error: 'invalid_request' },
  malformed_client_authentication: UNAUTHORIZED,
  malformed_secret: UNAUTHORIZED,
  malformed_assertion: UNAUTHORIZED,
  unknown_client: UNAUTHORIZED,
  wrong_secret: UNAUTHORIZED,
  secret_under_former_key: UNAUTHORIZED,
  bad_assertion: UNAUTHORIZED,
  bad_assertion_claim: { error: 'access_denied' },
  secret_expired: UNAUTHORIZED,
  client_disabled: UNAUTHORIZED,
  audience_not_granted: { status: 403, error: 'access_denied' },
  scope_not_granted: { status: 403, error: 'access_denied' },
}

/** @param answer of the standard face. */
export function documentedAnswer(answer: OAuthAnswer, kind: Refusal['kind']): OAuthAnswer {
  return { ...answer, ...DOCUMENTED_ANSWERS[kind] }
}
