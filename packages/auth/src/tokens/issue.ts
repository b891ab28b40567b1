/** Issues an access token (RFC 9068) for a client that has proved itself. Writes no row. */

import type {
  AccessTokenClaims,
  AccessTokenType,
  SigningAlgorithm,
  TokenResponse,
} from '@modulariot/oauth/protocol'
import { randomId } from '@modulariot/platform/random-id'
import type { KeyRing } from '../keys/key-ring.ts'
import type { AuthMetrics } from '../metrics/auth-metrics.ts'
import type { Allowlist, LoginClient } from '../records/client.ts'
import { issueTime } from './cut-off.ts'
import { refreshInSeconds } from './refresh-hint.ts'

/** What one token grants. */
export interface ResolvedGrant {
  readonly audience: string
  readonly scopes: readonly string[]
  readonly lifetimeSeconds: number
  readonly alg: SigningAlgorithm
  readonly typ: AccessTokenType
}

export interface IssueDeps {
  readonly issuer: string
  readonly keys: Pick<KeyRing, 'sign'>
  readonly metrics: Pick<AuthMetrics, 'tokenIssued'>
}

/**
 * @param requestedAtMs Unix milliseconds, no later than when the client was read. If the client is
 *   cut off while its login waits for the store or a signature, the token dates from before the
 *   cut-off, and is covered by it.
 */
export async function issueAccessToken(
  client: LoginClient,
  grant: ResolvedGrant,
  requestedAtMs: number,
  deps: IssueDeps,
): Promise<TokenResponse> {
  const claims = claimsOf(client, grant, requestedAtMs, deps.issuer)
  const access_token = await deps.keys.sign(grant.alg, JSON.stringify(claims), grant.typ)
  deps.metrics.tokenIssued(grant.alg)
  return {
    access_token,
    token_type: 'Bearer',
    expires_in: grant.lifetimeSeconds,
    refresh_in: refreshInSeconds(client.client_id, grant.lifetimeSeconds),
    scope: claims.scope,
  }
}

/** The claims of a token; also of one that is only shown, and never signed. */
export function claimsOf(
  client: LoginClient,
  grant: ResolvedGrant,
  requestedAtMs: number,
  issuer: string,
): AccessTokenClaims {
  return {
    iss: issuer,
    sub: client.client_id,
    aud: grant.audience,
    exp: Math.floor(requestedAtMs / 1000) + grant.lifetimeSeconds,
    iat: issueTime(client, requestedAtMs),
    jti: randomId(),
    client_id: client.client_id,
    azp: client.client_id,
    scope: grant.scopes.join(' '),
    org_id: client.org_id,
    environment: client.environment,
    ...addressClaims(client.allowlist),
  }
}

/** Lets the API check the address as strictly as the login did. */
function addressClaims({
  mode,
  cidrs,
}: Allowlist): Pick<AccessTokenClaims, 'allowed_addresses' | 'observed_addresses'> {
  if (mode === 'off') return {}
  return mode === 'enforce' ? { allowed_addresses: cidrs } : { observed_addresses: cidrs }
}
