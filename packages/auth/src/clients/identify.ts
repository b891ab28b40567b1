/** Who is asking, within what may be tried: the limits before the proof, the counting behind it. */

import { type ClientCredentials, OAuthError } from '@modulariot/oauth/protocol'
import type { LoginAttempt, LoginLimits } from '../limits/login-limits.ts'
import type { ClientRecord } from '../records/client.ts'
import type { UsageCounter } from '../usage/usage-counter.ts'
import { type AuthenticationDeps, authenticateClient } from './authenticate.ts'
import { digestSecret } from './secret.ts'

/** Where a request comes from. */
export interface Caller {
  /** Normalized, see `clientAddress`. */
  readonly address: string
  readonly user_agent: string | null
}

export interface IdentificationDeps extends AuthenticationDeps {
  readonly limits: LoginLimits
  readonly usage: Pick<UsageCounter, 'secretUsed'>
}

/**
 * @throws OAuthError `invalid_client` (401), or `temporarily_unavailable` (429) before anything is looked up;
 *   StoreUnavailable, which is nobody's failure.
 */
export async function identifyClient(
  credentials: ClientCredentials,
  caller: Caller,
  deps: IdentificationDeps,
): Promise<ClientRecord> {
  const attempt = attemptOf(credentials, caller, deps.digestKey)
  deps.limits.assertMayTry(attempt)
  try {
    const { client, secret } = await authenticateClient(credentials, deps)
    deps.limits.proved(attempt, secret?.digest ?? null)
    if (secret !== null) deps.usage.secretUsed({ secret_id: secret.secret_id, ...caller })
    return client
  } catch (error) {
    if (error instanceof OAuthError) deps.limits.failed(attempt)
    throw error
  }
}

function attemptOf(
  credentials: ClientCredentials,
  { address }: Caller,
  digestKey: Uint8Array,
): LoginAttempt {
  const { client_id } = credentials
  if (credentials.method === 'private_key_jwt') return { client_id, address, digest: null }
  return { client_id, address, digest: () => digestSecret(credentials.client_secret, digestKey) }
}
