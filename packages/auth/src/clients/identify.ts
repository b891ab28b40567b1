/**
 * Identifies the client of a request within the limits on attempts: checks them before the proof,
 * and counts its outcome.
 */

import { type ClientCredentials, OAuthError } from '@modulariot/oauth/protocol'
import type { LoginLimits } from '../limits/login-limits.ts'
import type { ClientRecord } from '../records/client.ts'
import type { UsageCounter } from '../usage/usage-counter.ts'
import { type AuthenticationDeps, authenticateClient, proofOf } from './authenticate.ts'

/** Where a request comes from. */
export interface Caller {
  /** Normalized, see `clientAddress`. */
  readonly address: string
  readonly user_agent: string | null
}

export interface IdentificationDeps extends AuthenticationDeps {
  /** Keys the digest under which secrets are stored. */
  readonly digestKey: Uint8Array
  readonly limits: LoginLimits
  readonly usage: Pick<UsageCounter, 'secretUsed'>
}

/**
 * @param nowMs Unix milliseconds.
 * @throws OAuthError `invalid_client` (401), or `temporarily_unavailable` (429) before any lookup;
 *   StoreUnavailable, which does not count as a failure.
 */
export async function identifyClient(
  credentials: ClientCredentials,
  caller: Caller,
  nowMs: number,
  deps: IdentificationDeps,
): Promise<ClientRecord> {
  const proof = proofOf(credentials, deps.digestKey)
  const attempt = {
    client_id: credentials.client_id,
    address: caller.address,
    digest: proof.digest,
  }
  deps.limits.assertMayTry(attempt, nowMs)
  try {
    const { client, secret } = await authenticateClient(proof, nowMs, deps)
    deps.limits.proved(attempt)
    if (secret !== null) deps.usage.secretUsed({ secret_id: secret.secret_id, ...caller }, nowMs)
    return client
  } catch (error) {
    // A key set that cannot be fetched (503) proves nothing against the client.
    if (error instanceof OAuthError && error.status < 500) deps.limits.failed(attempt)
    throw error
  }
}
