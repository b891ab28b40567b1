/** Resolves what a client gets from what it is granted and what it requests. */

import { OAuthError } from '@modulariot/oauth/protocol'
import type { ClientRecord } from '../records/client.ts'
import type { ResolvedGrant } from '../tokens/issue.ts'

/**
 * @param scope null requests everything granted (RFC 6749 §3.3).
 * @throws OAuthError `invalid_target` (RFC 8707 §2) or `invalid_scope` (RFC 6749 §5.2), both 400.
 */
export function resolveGrant(
  client: ClientRecord,
  audience: string,
  scope: readonly string[] | null,
): ResolvedGrant {
  const { client_id } = client
  const grant = client.grants.find((candidate) => candidate.audience === audience)
  if (grant === undefined) {
    throw new OAuthError('invalid_target', 'Client is not authorized to access the audience', 400, {
      kind: 'audience_not_granted',
      client_id,
      audience,
    })
  }
  const scopes = scope ?? grant.scopes
  if (!scopes.every((name) => grant.scopes.includes(name))) {
    throw new OAuthError('invalid_scope', 'Client requests a scope it is not granted', 400, {
      kind: 'scope_not_granted',
      client_id,
      audience,
    })
  }
  return {
    audience: grant.audience,
    scopes,
    lifetimeSeconds: client.token_lifetime_seconds ?? grant.token_lifetime_seconds,
    alg: grant.signing_alg,
  }
}
