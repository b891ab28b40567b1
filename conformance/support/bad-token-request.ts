/**
 * A way to ask for a token wrongly, as a row of a table: what is sent and how it is refused.
 *
 * token-endpoint.ts sends each row to both faces and checks besides that the answer is well-formed,
 * that it echoes no secret, and that the connection lives on.
 */

import type { Face, Refusal } from './faces.ts'
import type { Credentials } from './running-server.ts'
import type { Message } from './token-requests.ts'

/** What a row may build its request from. */
export interface Known {
  readonly credentials: Credentials
  /** Well-formed, and another client's. */
  readonly otherSecret: string
}

export interface BadRequest {
  /** Completes the sentence "refuses …". */
  readonly what: string
  readonly message: (known: Known) => Message
  readonly refusal: keyof Omit<Face, 'path'> | Refusal
  /** Where the credentials go, if not into the body. */
  readonly query?: (known: Known) => string
  /** The server may hang up after this one, for it has not read the body. */
  readonly mayClose?: true
}

export const FIELDS = ['client_id', 'client_secret', 'audience', 'grant_type'] as const

export const INVALID_REQUEST = { status: 400, error: 'invalid_request' } as const

/** `invalid_request` with a description that names these. */
export const naming = (...names: readonly string[]): Refusal => ({ ...INVALID_REQUEST, names })

export function without(
  credentials: Credentials,
  fields: readonly string[],
): Record<string, string> {
  return Object.fromEntries(Object.entries(credentials).filter(([name]) => !fields.includes(name)))
}
