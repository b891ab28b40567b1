/** Answers a request whose token was refused (RFC 6750 §3, RFC 9728 §5.1), for any framework. */

import {
  bearerChallenge,
  type ChallengeOptions,
  isAboutToken,
  OAuthError,
} from '../protocol/index.ts'

export interface Challenge {
  /** HTTP status: 401, 403 or 503. */
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** JSON. */
  readonly body: string
}

const RETRY_AFTER_SECONDS = '5'

/**
 * The answer to an error that `verify` threw.
 *
 * @throws the error itself when `verify` did not throw it.
 */
export function challenge(error: unknown, options: ChallengeOptions = {}): Challenge {
  if (!(error instanceof OAuthError)) throw error
  const { status, error_description } = error
  // RFC 6750 §3.1: a request without a token learns only which scheme to use.
  const body = error.reason.kind === 'no_token' ? {} : { error: error.error, error_description }
  return {
    status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      ...(isAboutToken(error) && { 'www-authenticate': bearerChallenge(error, options) }),
      ...(status === 503 && { 'retry-after': RETRY_AFTER_SECONDS }),
    },
    body: JSON.stringify(body),
  }
}
