/**
 * Identifies the client of a request within the limits on attempts: checks them before the proof,
 * and counts its outcome.
 */

import { type ClientCredentials, OAuthError } from '@modulariot/oauth/protocol'
import type { DigestKeys } from '../keys/digest-keys.ts'
import type { LoginLimits } from '../limits/login-limits.ts'
import type { LoginClient } from '../records/client.ts'
import type { UsageCounter } from '../usage/usage-counter.ts'
import { type AuthenticationDeps, authenticateClient, proofOf } from './authenticate.ts'
import type { SecretMover } from './secret-mover.ts'

/** Where a request comes from. */
export interface Caller {
  /** Normalized, see `clientAddress`. */
  readonly address: string
  readonly user_agent: string | null
}

export interface IdentificationDeps extends AuthenticationDeps {
  /** Key the digests under which secrets are stored. */
  readonly digestKeys: DigestKeys
  readonly limits: LoginLimits
  readonly usage: Pick<UsageCounter, 'secretUsed'>
  readonly secretMover: Pick<SecretMover, 'move'>
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
): Promise<LoginClient> {
  const proof = proofOf(credentials, deps.digestKeys)
  const attempt = {
    client_id: credentials.client_id,
    address: caller.address,
    digest: proof.digest,
  }
  deps.limits.assertMayTry(attempt, nowMs)
  try {
    const { client, secret } = await authenticateClient(proof, nowMs, deps)
    deps.limits.proved(attempt)
    if (secret === null) return client
    const { secret_id, digest: from } = secret
    const { client_id } = client
    deps.usage.secretUsed({ client_id, secret_id, ...caller }, nowMs)
    if (proof.digest !== null && from !== proof.digest) {
      const to = { digest: proof.digest, digest_key: proof.keys.inUse.id }
      deps.secretMover.move({ client_id, secret_id, from, ...to })
    }
    return client
  } catch (error) {
    // A key set that cannot be fetched (503) proves nothing against the client.
    if (error instanceof OAuthError && error.status < 500) deps.limits.failed(attempt)
    throw error
  }
}
