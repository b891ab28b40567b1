/**
 * What a client's next token would contain, by the functions that issue it; nothing is signed.
 *
 * Secret, address and quota of a login are not known here, and not judged.
 */

import {
  type AccessTokenClaims,
  OAuthError,
  parseScope,
  type Refusal,
} from '@modulariot/oauth/protocol'
import { assertCanLogIn } from '../clients/login-refusal.ts'
import { documentedAnswer, type OAuthAnswer } from '../errors/documented-answer.ts'
import { resolveGrant } from '../grants/resolve-grant.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { TokenHeader } from '../keys/open-key.ts'
import type { ClientLookup } from '../store/ports/clients.ts'
import { claimsOf } from '../tokens/issue.ts'
import { type AdminContext, assertVisible } from './context.ts'

/** As the parameters of a login; null: left out. */
export interface NextTokenRequest {
  readonly audience: string | null
  readonly scope: string | null
}

export interface NextTokenDeps {
  readonly issuer: string
  readonly keys: Pick<KeyRing, 'headerOf'>
}

/** The claims that differ in each token: those shown are examples. */
const EXAMPLES = ['exp', 'iat', 'jti'] as const satisfies (keyof AccessTokenClaims)[]

export interface ShownToken {
  readonly header: TokenHeader
  readonly claims: AccessTokenClaims
  readonly examples: readonly string[]
  /** Of the answer to the login. */
  readonly expires_in: number
}

/** The answer of the login, `POST /api/v1/login`, and the reason behind it. */
export type ShownLoginRefusal = OAuthAnswer & Pick<Refusal, 'kind'>

/** One of both is null. */
export interface NextToken {
  readonly token: ShownToken | null
  readonly refusal: ShownLoginRefusal | null
}

/** @throws AdminError `not_found`. */
export async function nextToken(
  client_id: string,
  request: NextTokenRequest,
  context: AdminContext<ClientLookup>,
  { issuer, keys }: NextTokenDeps,
): Promise<NextToken> {
  const found = await context.store.findClient(client_id)
  const client = assertVisible(context, client_id, found)
  const nowMs = context.now()
  try {
    const scope = request.scope === null ? null : parseScope(request.scope)
    assertCanLogIn(client, nowMs)
    const grant = resolveGrant(client, request.audience, scope)
    const header = keys.headerOf(grant.alg, grant.typ)
    const claims = claimsOf(client, grant, nowMs, issuer)
    const expires_in = grant.lifetimeSeconds
    return { token: { header, claims, examples: EXAMPLES, expires_in }, refusal: null }
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    const { status, error: code, error_description, reason } = error
    const answer = documentedAnswer({ status, error: code, error_description }, reason.kind)
    return { token: null, refusal: { kind: reason.kind, ...answer } }
  }
}
