/**
 * The strict form of an access token, checked before any cryptography (RFC 7515 §5.2, RFC 9068 §2.1).
 *
 * What passes has one spelling only, one algorithm out of our list, and a header that cannot bring its
 * own key. Nothing here is trusted yet.
 */

import {
  ACCESS_TOKEN_TYPE,
  decodeBase64urlText,
  hasDuplicateMembers,
  isCanonicalBase64url,
  OAuthError,
  type SigningAlgorithm,
} from '../protocol/index.ts'

export interface AccessTokenHeader {
  readonly alg: SigningAlgorithm
  readonly kid: string
}

/** Longer than any token of ours by far; bounds the work an attacker can ask for. */
const MAX_TOKEN_LENGTH = 8192

/** Members that would let the token choose its key (RFC 7515 §4.1.2-6) or change its meaning (§4.1.11). */
const FORBIDDEN_MEMBERS = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'enc', 'zip']

/**
 * The header of a well-formed access token.
 *
 * @param algorithms the algorithms the caller accepts.
 * @throws OAuthError `invalid_token` (401), the reason naming what is wrong.
 */
export function readAccessTokenHeader(
  token: string,
  algorithms: readonly SigningAlgorithm[],
): AccessTokenHeader {
  if (token.length > MAX_TOKEN_LENGTH) throw malformed('too long')
  const segments = token.split('.')
  if (segments.length !== 3) throw malformed('not three segments')
  if (!segments.every(isCanonicalBase64url)) throw malformed('not canonical base64url')
  const header = parseObject(segments[0] as string)
  if (header === null) throw malformed('header is not a JSON object without repeated members')
  if (FORBIDDEN_MEMBERS.some((member) => Object.hasOwn(header, member))) {
    throw malformed('header member not allowed')
  }
  const alg = algorithms.find((algorithm) => algorithm === header.alg)
  if (alg === undefined) throw malformed('algorithm not allowed')
  if (!isAccessTokenType(header.typ)) throw malformed('typ is not at+jwt')
  const kid = header.kid
  if (typeof kid !== 'string' || kid === '' || kid.length > 255) throw malformed('no kid')
  return { alg, kid }
}

/** The claims of a payload whose signature has been verified; null when it is not a JSON object. */
export function parseObject(segment: string): Record<string, unknown> | null {
  const text = decodeBase64urlText(segment)
  if (text === null) return null
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
    return hasDuplicateMembers(text, value) ? null : (value as Record<string, unknown>)
  } catch {
    return null
  }
}

/** RFC 9068 §4: `at+jwt` or `application/at+jwt`, media types compare without case. */
function isAccessTokenType(typ: unknown): boolean {
  if (typeof typ !== 'string') return false
  const name = typ.toLowerCase()
  return name === ACCESS_TOKEN_TYPE || name === `application/${ACCESS_TOKEN_TYPE}`
}

function malformed(detail: string): OAuthError {
  return new OAuthError('invalid_token', 'The access token is malformed', 401, {
    kind: 'malformed_token',
    detail,
  })
}
