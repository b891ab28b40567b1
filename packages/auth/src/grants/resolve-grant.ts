/** Resolves what a client gets from what it is granted and what it requests. */

import { OAuthError } from '@modulariot/oauth/protocol'
import type { EffectiveGrant, LoginClient } from '../records/client.ts'
import type { ResolvedGrant } from '../tokens/issue.ts'

/**
 * @param audience null requests the only one granted, or the client's default.
 * @param scope null requests everything granted (RFC 6749 §3.3).
 * @throws OAuthError `invalid_request`, `invalid_target` (RFC 8707 §2) or `invalid_scope` (RFC 6749
 *   §5.2), all 400.
 */
export function resolveGrant(
  client: LoginClient,
  audience: string | null,
  scope: readonly string[] | null,
): ResolvedGrant {
  const { client_id } = client
  const grant = audience === null ? defaultGrant(client) : grantFor(client, audience)
  const scopes = scope ?? grant.scopes
  if (!scopes.every((name) => grant.scopes.includes(name))) {
    throw new OAuthError('invalid_scope', 'Client requests a scope it is not granted', 400, {
      kind: 'scope_not_granted',
      client_id,
      audience: grant.audience,
    })
  }
  return {
    audience: grant.audience,
    scopes,
    lifetimeSeconds: client.token_lifetime_seconds ?? grant.token_lifetime_seconds,
    alg: grant.signing_alg,
    typ: grant.token_typ,
  }
}

function grantFor({ client_id, grants }: LoginClient, audience: string): EffectiveGrant {
  const grant = grants.find((candidate) => candidate.audience === audience)
  if (grant !== undefined) return grant
  throw new OAuthError('invalid_target', 'Client is not authorized to access the audience', 400, {
    kind: 'audience_not_granted',
    client_id,
    audience,
  })
}

function defaultGrant(client: LoginClient): EffectiveGrant {
  const { default_audience, grants } = client
  if (default_audience !== null) return grantFor(client, default_audience)
  const [only, ...others] = grants
  if (only !== undefined && others.length === 0) return only
  // Lists none of them: what a client may do is not for its secret's finder to learn.
  throw new OAuthError(
    'invalid_request',
    'Missing required parameter: audience (this client has several, and no default)',
    400,
    { kind: 'missing_parameter', parameters: ['audience'] },
  )
}
