/**
 * Token introspection (RFC 7662 §2), exact although tokens have no rows: the signature proves the
 * claims, and their current state is read from the store, never from a cache. The response has what
 * the client may do now, which may be less than when the token was issued.
 */

import type { AccessTokenClaims, Introspection } from '@modulariot/oauth/protocol'
import type { ClientRecord, LoginClient } from '../records/client.ts'
import type { ClientLookup } from '../store/ports/clients.ts'
import type { RevokedTokens } from '../store/ports/revocations.ts'
import { type ReadTokenDeps, readToken } from './read-token.ts'

export interface IntrospectDeps extends ReadTokenDeps {
  readonly store: ClientLookup & RevokedTokens
}

/** @throws StoreUnavailable: no response is better than a wrong one. */
export async function introspect(
  token: string,
  caller: LoginClient,
  deps: IntrospectDeps,
): Promise<Introspection> {
  // 1. Is it a valid token of ours?
  const claims = await readToken(token, deps)
  if (claims === null) return { active: false }
  // 2. May the caller see it?
  if (!maySee(caller, claims)) return { active: false }
  // 3. Is its client still active?
  const client = await deps.store.findClient(claims.client_id)
  if (client === null || client.status !== 'active') return { active: false }
  if (claims.iat <= (client.tokens_revoked_until ?? 0)) return { active: false }
  if (await deps.store.isTokenRevoked(claims.jti)) return { active: false }
  // 4. Which scopes does the client still hold?
  const scope = scopeNow(claims, client)
  if (scope === '') return { active: false }
  // 5. Respond.
  const { iss, sub, aud, exp, iat, jti, client_id, org_id, environment } = claims
  const { mode, cidrs } = client.allowlist
  return {
    active: true,
    token_type: 'Bearer',
    ...{ iss, sub, aud, exp, iat, jti, client_id, scope, org_id, environment },
    ...(mode === 'enforce' && { allowed_addresses: cidrs }),
  }
}

/** The token's scopes that the client still holds; '' for none. */
function scopeNow({ scope, aud }: AccessTokenClaims, { grants }: ClientRecord): string {
  const granted = grants.find(({ audience }) => audience === aud)?.scopes ?? []
  const left = scope.split(' ').filter((name) => granted.includes(name))
  return left.join(' ')
}

/**
 * A client sees its own tokens, a resource server those for its audiences; environments never mix.
 */
function maySee(caller: LoginClient, { client_id, aud, environment }: AccessTokenClaims): boolean {
  if (caller.client_id === client_id) return true
  return caller.environment === environment && caller.resource_server_for.includes(aud)
}
