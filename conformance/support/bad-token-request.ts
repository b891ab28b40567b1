/**
 * A faulty token request, as a row of a table: the request and the expected refusal.
 *
 * token-endpoint.ts sends each row to both faces and also checks that the response is well-formed,
 * echoes no secret, and keeps the connection open.
 */

import type { Face, Refusal } from './faces.ts'
import type { Credentials } from './running-server.ts'
import type { Message } from './token-requests.ts'

/** The values from which a row builds its request. */
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
  /** Set if the credentials go into the query. */
  readonly query?: (known: Known) => string
  /** True if the server may close the connection after this one, without reading the whole body. */
  readonly mayClose?: true
}

export const FIELDS = ['client_id', 'client_secret', 'audience', 'grant_type'] as const

/** Those a request cannot do without: `audience` is optional for a client with one grant. */
export const REQUIRED_FIELDS = FIELDS.filter((field) => field !== 'audience')

export const INVALID_REQUEST = { status: 400, error: 'invalid_request' } as const

/** `invalid_request` with a description that names these. */
export const naming = (...names: readonly string[]): Refusal => ({ ...INVALID_REQUEST, names })

export function without(
  credentials: Credentials,
  fields: readonly string[],
): Record<string, string> {
  return Object.fromEntries(Object.entries(credentials).filter(([name]) => !fields.includes(name)))
}
