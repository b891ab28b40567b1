/**
 * The client-credentials grant (RFC 6749 §4.4), and nothing about HTTP.
 *
 * Everything it needs arrives as an argument; the clock too. Errors leave as `OAuthError`.
 */

import type { TokenRequest, TokenResponse } from '@modulariot/oauth/protocol'
import { type AuthenticationDeps, authenticateClient } from '../clients/authenticate.ts'
import { type IssueDeps, issueAccessToken } from '../tokens/issue.ts'
import { resolveGrant } from './resolve-grant.ts'

export type GrantDeps = AuthenticationDeps & IssueDeps

export async function clientCredentials(
  request: TokenRequest,
  deps: GrantDeps,
): Promise<TokenResponse> {
  // 1. Who is asking?
  const client = await authenticateClient(request.credentials, deps)
  // 2. For what?
  const grant = resolveGrant(client, request.audience, request.scope)
  // 3. Sign.
  return issueAccessToken(client, grant, deps)
}
