/**
 * The strict form of an access token, checked before any cryptography (RFC 7515 §5.2, RFC 9068
 * §2.1). Nothing here is trusted yet.
 */

import {
  ACCESS_TOKEN_TYPE,
  type AccessTokenType,
  OAuthError,
  readCompactHeader,
  type SigningAlgorithm,
} from '../protocol/index.ts'

export interface AccessTokenHeader {
  readonly alg: SigningAlgorithm
  readonly kid: string
}

/**
 * The header of a well-formed access token.
 *
 * @param algorithms the algorithms the caller accepts.
 * @param types the types the caller accepts.
 * @throws OAuthError `invalid_token` (401), whose reason names what is wrong.
 */
export function readAccessTokenHeader(
  token: string,
  algorithms: readonly SigningAlgorithm[],
  types: readonly AccessTokenType[] = [ACCESS_TOKEN_TYPE],
): AccessTokenHeader {
  const header = readCompactHeader(token, algorithms)
  if ('fault' in header) throw malformed(header.fault)
  const { alg, kid, typ } = header
  // RFC 9068 §4: with or without `application/`.
  if (!types.some((type) => type.toLowerCase() === typ)) {
    throw malformed(`typ is not ${types.join(' or ')}`)
  }
  if (kid === null) throw malformed('no kid')
  return { alg, kid }
}

function malformed(detail: string): OAuthError {
  return new OAuthError('invalid_token', 'The access token is malformed', 401, {
    kind: 'malformed_token',
    detail,
  })
}
