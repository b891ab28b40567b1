/**
 * Does the secret prove the client (RFC 6749 §2.3.1)?
 *
 * Every refusal looks the same from outside: the same answer, one store read, one digest. A mistyped
 * secret is the exception, and it says nothing about any client: the checksum alone refuses it.
 */

import { type ClientCredentials, OAuthError, type Refusal } from '@modulariot/oauth/protocol'
import type { ClientRecord } from './client.ts'
import type { ClientDirectory } from './directory.ts'
import { digestSecret, digestsEqual, isClientId, isWellFormedSecret } from './secret.ts'

export interface AuthenticationDeps {
  readonly directory: ClientDirectory
  /** Keys the digest that secrets are kept as. */
  readonly digestKey: Uint8Array
}

/** @throws OAuthError `invalid_client` (401) with the true reason inside. */
export async function authenticateClient(
  credentials: ClientCredentials,
  deps: AuthenticationDeps,
): Promise<ClientRecord> {
  const { client_id, client_secret } = credentials
  if (!isWellFormedSecret(client_secret)) {
    throw refused({ kind: 'malformed_secret', client_id: loggable(client_id) })
  }
  const digest = digestSecret(client_secret, deps.digestKey)
  const known = deps.directory.peek(client_id)
  if (known !== null && refusalFor(known, client_id, digest) === null) return known
  // Not known, or refused by what may be out of date: the store has the last word, once.
  const current = await deps.directory.read(client_id)
  const refusal = refusalFor(current, client_id, digest)
  if (current === null || refusal !== null) throw refused(refusal ?? unknown(client_id))
  return current
}

/** A comparison is made even where its outcome cannot matter, so that time does not tell. */
const NO_SECRET = [{ digest: 'A'.repeat(43) }]

function refusalFor(
  client: ClientRecord | null,
  client_id: string,
  digest: string,
): Refusal | null {
  const secrets = client === null || client.secrets.length === 0 ? NO_SECRET : client.secrets
  let matches = false
  for (const secret of secrets) if (digestsEqual(secret.digest, digest)) matches = true
  if (client === null) return unknown(client_id)
  if (!matches) return { kind: 'wrong_secret', client_id }
  if (client.status !== 'active') return { kind: 'client_disabled', client_id }
  return null
}

function unknown(client_id: string): Refusal {
  return { kind: 'unknown_client', client_id: loggable(client_id) }
}

/** Reasons are logged, and people paste the secret where the id belongs. */
function loggable(client_id: string): string {
  return isClientId(client_id) ? client_id : '(not an id of ours)'
}

function refused(reason: Refusal): OAuthError {
  return new OAuthError('invalid_client', 'Client authentication failed', 401, reason)
}
