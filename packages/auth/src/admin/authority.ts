/**
 * Decides whether an access token may still administer. The check runs when a request's head
 * arrives, when its body is complete, and in the store, in the unit of each change.
 *
 * Pure: the token, the client's record and the time are arguments. The verifier checks what depends
 * on the token alone (signature, audience).
 */

import { type AccessTokenClaims, OAuthError, type Refusal } from '@modulariot/oauth/protocol'
import { assertAddressAllowed } from '../clients/allowlist.ts'
import type { Client, LoginClient } from '../records/client.ts'
import type { Authority, ClientAuthority, ClientState } from '../store/ports/audited-change.ts'
import type { AdminScope } from './scopes.ts'

/** What the decision needs of a request to the admin API, once its token has been verified. */
export interface AdminRequest {
  readonly claims: AccessTokenClaims
  /** Of the key that signed the token. */
  readonly kid: string
  /** The scope that the route needs. */
  readonly scope: AdminScope
  /** Normalized, see `clientAddress`. */
  readonly address: string
}

/**
 * An authority that can also be confirmed before a read, which has no unit of change to check it
 * in.
 */
export type AdminAuthority = Authority & {
  /** Verifies the token or the session, and the record, again. @throws OAuthError */
  confirm(): Promise<void>
}

/** In the store, or as the directory has it. */
type ActorState = Omit<ClientState, 'client'> & { readonly client: Client | LoginClient | null }

/**
 * The scopes in the token that its client still holds.
 *
 * @param actor the client as it is now.
 * @param nowMs Unix milliseconds.
 * @param observe called with what an allowlist in `observe` mode would refuse.
 * @throws OAuthError `invalid_token` (401), `insufficient_scope` (403), `access_denied` (403).
 */
export function authorizedScopes(
  { claims, scope, address }: AdminRequest,
  { client, tokenRevoked }: ActorState,
  nowMs: number,
  observe: (refusal: Refusal) => void = () => {},
): readonly string[] {
  const { client_id, iat, exp } = claims
  if (client === null || client.status !== 'active') {
    throw invalidToken({ kind: 'client_disabled', client_id })
  }
  if (tokenRevoked || iat <= (client.tokens_revoked_until ?? 0)) {
    throw invalidToken({ kind: 'revoked_token', client_id })
  }
  if (nowMs >= exp * 1000) throw invalidToken({ kind: 'claim_rejected', claim: 'exp' })
  assertAddressAllowed(client, address, observe)
  const scopes = scopesNow(claims, client)
  assertHeld(client_id, scopes, [scope])
  return scopes
}

/**
 * The same check, for the store's unit of change.
 *
 * @param judged the scopes that `authorizedScopes` returned for the request, which escalation rules
 *   were applied with. All of them must still be held, or the request was allowed more than the
 *   actor now has.
 * @param now Unix milliseconds.
 */
export function authorityOf(
  request: AdminRequest,
  judged: readonly string[],
  now: () => number,
): ClientAuthority {
  const { client_id, jti } = request.claims
  return {
    ...{ kind: 'client', client_id, jti, kid: request.kid },
    assert: (actor) => assertHeld(client_id, authorizedScopes(request, actor, now()), judged),
  }
}

function scopesNow(
  { scope, aud }: AccessTokenClaims,
  { grants }: Pick<Client, 'grants'>,
): readonly string[] {
  const granted = grants.find(({ audience }) => audience === aud)?.scopes ?? []
  return scope.split(' ').filter((name) => granted.includes(name))
}

function assertHeld(client_id: string, held: readonly string[], needed: readonly string[]): void {
  const scope = needed.find((name) => !held.includes(name))
  if (scope === undefined) return
  throw new OAuthError('insufficient_scope', `The scope ${scope} is required`, 403, {
    ...{ kind: 'insufficient_scope', client_id, scope },
  })
}

export function invalidToken(reason: Refusal): OAuthError {
  return new OAuthError('invalid_token', 'The access token is not valid here', 401, reason)
}
