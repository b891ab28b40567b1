/** Refusals of a client's authentication that need no proof to be known. */

import { OAuthError, type Refusal } from '@modulariot/oauth/protocol'
import type { Client, StoredSecret } from '../records/client.ts'

/**
 * Refuses a client of which no login succeeds, whatever it presents.
 *
 * @param nowMs Unix milliseconds.
 * @throws OAuthError as a login does.
 */
export function assertCanLogIn(client: Client, nowMs: number): void {
  const { client_id, secrets, keys, jwks_uri, status } = client
  if (status !== 'active') throw refused({ kind: 'client_disabled', client_id })
  if (keys.length > 0 || jwks_uri !== null) return
  if (secrets.length === 0) throw refused({ kind: 'wrong_secret', client_id })
  if (secrets.every((one) => hasEnded(one, nowMs))) {
    throw refused({ kind: 'secret_expired', client_id })
  }
}

/** @param nowMs Unix milliseconds. */
export function hasEnded({ expires_at }: Pick<StoredSecret, 'expires_at'>, nowMs: number): boolean {
  return expires_at !== null && Date.parse(expires_at) <= nowMs
}

/** Names a wrong claim, since only the holder of a client's key is refused for one. */
export function refused(reason: Refusal): OAuthError {
  const failed = 'Client authentication failed'
  const description =
    reason.kind === 'bad_assertion_claim'
      ? `${failed}: ${reason.claim} of client_assertion ${reason.rule}`
      : failed
  return withoutStack(() => new OAuthError('invalid_client', description, 401, reason))
}

/** A refusal is no fault of ours, and nothing prints its stack, which takes V8 3 µs. */
function withoutStack<Fault extends Error>(make: () => Fault): Fault {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return make()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}
