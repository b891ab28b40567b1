/**
 * The client-credentials grant (RFC 6749 §4.4), and nothing about HTTP.
 *
 * Everything it needs arrives as an argument; the clock too. Errors leave as `OAuthError`.
 */

import type { RateLimit, Refusal, TokenRequest, TokenResponse } from '@modulariot/oauth/protocol'
import { assertAddressAllowed } from '../clients/allowlist.ts'
import { type Caller, type IdentificationDeps, identifyClient } from '../clients/identify.ts'
import type { TokenQuotas } from '../limits/token-quotas.ts'
import { type IssueDeps, issueAccessToken } from '../tokens/issue.ts'
import type { UsageCounter } from '../usage/usage-counter.ts'
import { resolveGrant } from './resolve-grant.ts'

export interface GrantDeps extends IdentificationDeps, IssueDeps {
  readonly quotas: TokenQuotas
  /** Unix milliseconds. */
  readonly now: () => number
  readonly usage: Pick<UsageCounter, 'secretUsed' | 'tokenIssued' | 'loggedIn'>
}

/** A token request, and what the transport knows of it. */
export interface TokenCall extends TokenRequest, Caller {
  /** Called with each refusal by a policy in `observe` mode. */
  readonly observe: (refusal: Refusal) => void
}

export interface TokenAnswer {
  readonly token: TokenResponse
  /** The client's quota as it now stands, for the response headers; empty when it has none. */
  readonly limits: readonly RateLimit[]
}

export async function clientCredentials(request: TokenCall, deps: GrantDeps): Promise<TokenAnswer> {
  // One time for all steps: a wait for the store or a signature does not change the outcome.
  const requestedAtMs = deps.now()
  // 1. Identify the client.
  const { address, user_agent } = request
  const client = await identifyClient(
    request.credentials,
    { address, user_agent },
    requestedAtMs,
    deps,
  )
  // 2. Check its address. It is counted before: an allowlist is tried out on the refused ones too.
  deps.usage.loggedIn({ client_id: client.client_id, address }, requestedAtMs)
  assertAddressAllowed(client, address, request.observe)
  // 3. Resolve audience and scope.
  const grant = resolveGrant(client, request.audience, request.scope)
  // 4. Count against the quota.
  const limits = await deps.quotas.take(client, requestedAtMs, request.observe)
  // 5. Sign.
  const token = await issueAccessToken(client, grant, requestedAtMs, deps)
  // 6. Count usage.
  deps.usage.tokenIssued({ client_id: client.client_id, address, ...grant }, requestedAtMs)
  return { token, limits }
}
