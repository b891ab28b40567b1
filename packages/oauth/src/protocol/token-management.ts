/**
 * Requests about an existing token: revocation (RFC 7009 §2.1) and introspection (RFC 7662 §2.1).
 * Both have the same form: a token, a hint that may be ignored, and the client's authentication.
 */

import type { AccessTokenClaims } from './access-token.ts'
import { type ClientCredentials, parseClientCredentials } from './client-authentication.ts'
import { MAX_COMPACT_LENGTH } from './compact-jws.ts'
import { OAuthError } from './oauth-error.ts'
import { type Parameters, parameterTooLong } from './parameters.ts'

export interface TokenManagementRequest {
  readonly credentials: ClientCredentials
  /** As sent; it may not be one of our tokens. */
  readonly token: string
}

/** What RFC 7662 §2.2 returns for an active token. */
export type ActiveToken = { readonly active: true; readonly token_type: 'Bearer' } & Pick<
  AccessTokenClaims,
  | 'iss'
  | 'sub'
  | 'aud'
  | 'exp'
  | 'iat'
  | 'jti'
  | 'client_id'
  | 'scope'
  | 'org_id'
  | 'environment'
  | 'allowed_addresses'
>

/** An inactive token, or one the caller may not see, reveals nothing more. */
export type Introspection = ActiveToken | { readonly active: false }

/**
 * `token_type_hint` may have any value: there is only one kind of token here, and both RFCs let the
 * server ignore an unknown hint.
 *
 * @param authorization the `Authorization` header, if one was sent.
 * @throws OAuthError `invalid_client` (401) without client authentication, otherwise
 *   `invalid_request` (400).
 */
export function parseTokenManagement(
  parameters: Parameters,
  authorization: string | undefined,
): TokenManagementRequest {
  for (const [name, value] of parameters) {
    if (value.length > MAX_COMPACT_LENGTH) {
      throw parameterTooLong(name, MAX_COMPACT_LENGTH)
    }
  }
  const credentials = parseClientCredentials(parameters, authorization)
  if ('missing' in credentials) {
    const description = `Missing required parameters: ${credentials.missing.join(', ')}`
    throw new OAuthError('invalid_client', description, 401, { kind: 'no_client_authentication' })
  }
  const token = parameters.get('token')
  if (token === undefined || token === '') {
    throw new OAuthError('invalid_request', 'Missing required parameter: token', 400, {
      kind: 'missing_parameter',
      parameters: ['token'],
    })
  }
  return { credentials, token }
}
