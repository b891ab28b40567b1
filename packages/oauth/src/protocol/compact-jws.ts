/**
 * The strict form of a compact JWS (RFC 7515 §7.1), checked before any cryptography; shared by
 * access tokens and client assertions.
 *
 * A JWS that passes has exactly one spelling, an algorithm from the caller's list, and a header
 * that cannot supply its own key. Nothing is trusted yet.
 */

import { decodeBase64urlText, isCanonicalBase64url } from './base64url.ts'
import { hasDuplicateMembers } from './json-text.ts'

export interface CompactHeader<Algorithm extends string> {
  readonly alg: Algorithm
  readonly kid: string | null
  /** A media type, in lower case and without `application/` (RFC 7515 §4.1.9). */
  readonly typ: string | null
}

/** Far longer than any legitimate token; bounds the work an attacker can cause. */
export const MAX_COMPACT_LENGTH = 8192

const MAX_KID_LENGTH = 255

/**
 * Members that would let the signer choose the key (RFC 7515 §4.1.2-6) or change the meaning
 * (§4.1.11).
 */
const FORBIDDEN_MEMBERS = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'enc', 'zip']

/**
 * The header of a well-formed compact JWS, or what is wrong with it, for the log.
 *
 * @param algorithms the algorithms the caller accepts.
 */
export function readCompactHeader<Algorithm extends string>(
  jws: string,
  algorithms: readonly Algorithm[],
): CompactHeader<Algorithm> | { readonly fault: string } {
  if (jws.length > MAX_COMPACT_LENGTH) return { fault: 'too long' }
  const segments = jws.split('.')
  if (segments.length !== 3) return { fault: 'not three segments' }
  if (!segments.every(isCanonicalBase64url)) return { fault: 'not canonical base64url' }
  const header = parseJsonSegment(segments[0] as string)
  if (header === null) return { fault: 'header is not a JSON object without repeated members' }
  if (FORBIDDEN_MEMBERS.some((member) => Object.hasOwn(header, member))) {
    return { fault: 'header member not allowed' }
  }
  const alg = algorithms.find((algorithm) => algorithm === header.alg)
  if (alg === undefined) return { fault: 'algorithm not allowed' }
  const { kid = null, typ = null } = header
  if (kid !== null && (typeof kid !== 'string' || kid === '' || kid.length > MAX_KID_LENGTH)) {
    return { fault: 'kid is not a short string' }
  }
  if (typ !== null && typeof typ !== 'string') return { fault: 'typ is not a string' }
  return { alg, kid, typ: typ === null ? null : typ.toLowerCase().replace(/^application\//, '') }
}

/** The JSON object in a segment; null when it is not an object, or has a duplicate member. */
export function parseJsonSegment(segment: string): Record<string, unknown> | null {
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
