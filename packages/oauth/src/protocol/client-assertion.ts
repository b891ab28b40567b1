/**
 * A client assertion (RFC 7523 §3): a JWT the client signs to prove who it is. Form only: whether
 * the signature and the claims hold is decided where the clients are.
 */

import { parseJsonSegment, readCompactHeader } from './compact-jws.ts'
import { SIGNING_ALGORITHMS } from './signing-algorithms.ts'

/** The one value of `client_assertion_type` we know (RFC 7523 §2.2). */
export const CLIENT_ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** `Ed25519` is RFC 9864's name for the only `EdDSA` there is here; newer libraries send it. */
export const ASSERTION_ALGORITHMS = [...SIGNING_ALGORITHMS, 'Ed25519'] as const

export type AssertionAlgorithm = (typeof ASSERTION_ALGORITHMS)[number]

/** Read, and nothing of it proven. */
export interface ClientAssertion {
  /** As it was sent. */
  readonly jws: string
  readonly alg: AssertionAlgorithm
  readonly kid: string | null
  readonly claims: Readonly<Record<string, unknown>>
  /** The client it speaks of (RFC 7523 §3, 2.B). */
  readonly sub: string
}

/** RFC 7519 §5.1, and the explicit type that RFC 7523's successor asks for. */
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
