/**
 * Token introspection (RFC 7662 §2), exact although no token has a row: what the token says is
 * checked by its signature, and what has become of it is read from the store, never from memory.
 * The answer is what the client may do now, which may be less than it might when the token was
 * issued.
 */

import type { AccessTokenClaims, Introspection } from '@modulariot/oauth/protocol'
import type { ClientRecord } from '../records/client.ts'
import type { ClientLookup } from '../store/ports/clients.ts'
import type { RevokedTokens } from '../store/ports/revocations.ts'
import { type ReadTokenDeps, readToken } from './read-token.ts'

export interface IntrospectDeps extends ReadTokenDeps {
  readonly store: ClientLookup & RevokedTokens
}

/** @throws StoreUnavailable; an answer that could be wrong is none. */
export async function introspect(
  token: string,
  caller: ClientRecord,
  deps: IntrospectDeps,
): Promise<Introspection> {
  // 1. Is it a token of ours that has not expired?
  const claims = await readToken(token, deps)
  if (claims === null) return { active: false }
  // 2. Is it any of the caller's business?
  if (!maySee(caller, claims)) return { active: false }
  // 3. Does it still count?
  const client = await deps.store.findClient(claims.client_id)
  if (client === null || client.status !== 'active') return { active: false }
  if (claims.iat <= (client.tokens_revoked_until ?? 0)) return { active: false }
  if (await deps.store.isTokenRevoked(claims.jti)) return { active: false }
  // 4. What may its client do with it now?
  const scope = scopeNow(claims, client)
  if (scope === '') return { active: false }
  // 5. Say what it is.
  const { iss, sub, aud, exp, iat, jti, client_id, org_id, environment } = claims
  const { mode, cidrs } = client.allowlist
  return {
    active: true,
    token_type: 'Bearer',
    ...{ iss, sub, aud, exp, iat, jti, client_id, scope, org_id, environment },
    ...(mode === 'enforce' && { allowed_addresses: cidrs }),
  }
}

/** What the token says, as far as the client is still granted it; '' for nothing. */
function scopeNow({ scope, aud }: AccessTokenClaims, { grants }: ClientRecord): string {
  const granted = grants.find(({ audience }) => audience === aud)?.scopes ?? []
  const left = scope.split(' ').filter((name) => granted.includes(name))
  return left.join(' ')
}

/**
 * A client sees its own tokens, a resource server those that are for it; the environments never
 * mix.
 */
function maySee(caller: ClientRecord, { client_id, aud, environment }: AccessTokenClaims): boolean {
  if (caller.client_id === client_id) return true
  return caller.environment === environment && caller.resource_server_for.includes(aud)
}
