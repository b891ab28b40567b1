/**
 * A client assertion (RFC 7523 §3): a JWT that the client signs to authenticate. Form only:
 * signature and claims are verified where the clients are known.
 */

import { parseJsonSegment, readCompactHeader } from './compact-jws.ts'
import { SIGNING_ALGORITHMS } from './signing-algorithms.ts'

/** The only `client_assertion_type` supported (RFC 7523 §2.2). */
export const CLIENT_ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/**
 * `Ed25519` is RFC 9864's name for the one kind of `EdDSA` supported here; newer libraries send it.
 */
export const ASSERTION_ALGORITHMS = [...SIGNING_ALGORITHMS, 'Ed25519'] as const

export type AssertionAlgorithm = (typeof ASSERTION_ALGORITHMS)[number]

/** Parsed, but not verified. */
export interface ClientAssertion {
  /** As sent. */
  readonly jws: string
  readonly alg: AssertionAlgorithm
  readonly kid: string | null
  readonly claims: Readonly<Record<string, unknown>>
  /** The client it identifies (RFC 7523 §3, 2.B). */
  readonly sub: string
}

/** RFC 7519 §5.1, and the explicit type that the successor of RFC 7523 requires. */
const TYPES: readonly (string | null)[] = [null, 'jwt', 'client-authentication+jwt']

const MAX_SUBJECT_LENGTH = 255

/** The assertion, or what is wrong with its form, for the log. */
export function readClientAssertion(jws: string): ClientAssertion | { readonly fault: string } {
  const header = readCompactHeader(jws, ASSERTION_ALGORITHMS)
  if ('fault' in header) return header
  if (!TYPES.includes(header.typ)) return { fault: 'typ is not JWT' }
  const claims = parseJsonSegment(jws.split('.')[1] as string)
  if (claims === null) return { fault: 'payload is not a JSON object without repeated members' }
  const { sub } = claims
  if (typeof sub !== 'string' || sub === '' || sub.length > MAX_SUBJECT_LENGTH) {
    return { fault: 'sub is not a short string' }
  }
  return { jws, alg: header.alg, kid: header.kid, claims, sub }
}
