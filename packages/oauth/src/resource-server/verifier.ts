/**
 * Verifies the access tokens of one issuer for one audience (RFC 9068 §4, RFC 6750).
 *
 * The order is the point: form, then key, then signature, and only then what the token claims.
 */

import { compactVerify } from 'jose'
import {
  type AccessTokenClaims,
  ENVIRONMENTS,
  type Environment,
  OAuthError,
  parseBearerToken,
  parseJsonSegment,
  type Refusal,
  SIGNING_ALGORITHMS,
  type SigningAlgorithm,
  scopeIncludes,
} from '../protocol/index.ts'
import { readAccessTokenHeader } from './compact-token.ts'
import type { KeySource } from './key-source.ts'
import type { RevocationSource } from './revocation-list.ts'
import { type VerifiedToken, VerifiedTokens } from './verified-tokens.ts'

export interface VerifierOptions {
  /** Must equal `iss` exactly. */
  readonly issuer: string
  /** Must be `aud`, or one of them; null takes any, for the issuer itself. */
  readonly audience: string | null
  readonly keys: KeySource
  /** Asked about every token, also one seen before. Left out: nothing is ever revoked. */
  readonly revocations?: RevocationSource
  /** Unix milliseconds. */
  readonly now: () => number
  readonly algorithms?: readonly SigningAlgorithm[]
  /** How many verified tokens are remembered. */
  readonly cacheSize?: number
}

export interface Verifier {
  /**
   * The claims of the Bearer token in an `Authorization` header.
   *
   * @throws OAuthError `invalid_token` (401), `insufficient_scope` (403), or
   *   `temporarily_unavailable` (503) when keys cannot be had.
   */
  verify(
    authorization: string | undefined,
    required?: { scope?: string },
  ): Promise<AccessTokenClaims>
}

export function createVerifier(options: VerifierOptions): Verifier {
  const { now } = options
  const algorithms = options.algorithms ?? SIGNING_ALGORITHMS
  const verified = new VerifiedTokens(options.cacheSize ?? 10_000)

  async function verifyToken(token: string): Promise<VerifiedToken> {
    // 1. Is it well-formed, and signed in a way we accept?
    const header = readAccessTokenHeader(token, algorithms)
    // 2. Whose key?
    const key = await options.keys.find(header)
    if (key === null) throw refused({ kind: 'unknown_key' })
    // 3. Is the signature good?
    try {
      await compactVerify(token, key, { algorithms: [header.alg] })
    } catch {
      throw refused({ kind: 'bad_signature' })
    }
    // 4. Is it ours, for us, and still alive?
    const claims = assertClaims(
      parseJsonSegment(token.split('.')[1] as string),
      options,
      now() / 1000,
    )
    const found = { claims, kid: header.kid }
    verified.set(token, found)
    return found
  }

  return {
    async verify(authorization, required = {}) {
      const token = parseBearerToken(authorization)
      const { claims, kid } = verified.get(token, now() / 1000) ?? (await verifyToken(token))
      const { jti, client_id, iat } = claims
      if (options.revocations?.isRevoked({ jti, client_id, iat, kid })) {
        throw refused({ kind: 'revoked_token', client_id })
      }
      if (required.scope !== undefined && !scopeIncludes(claims.scope, required.scope)) {
        throw insufficientScope(claims.client_id, required.scope)
      }
      return claims
    },
  }
}

/** How far ahead of ours the issuer's clock may be. */
const CLOCK_TOLERANCE_SECONDS = 60

function assertClaims(
  claims: Record<string, unknown> | null,
  expected: { issuer: string; audience: string | null },
  nowSeconds: number,
): AccessTokenClaims {
  if (claims === null) throw refused({ kind: 'malformed_token', detail: 'payload' })
  const check = (claim: string, holds: boolean): void => {
    if (!holds) throw refused({ kind: 'claim_rejected', claim })
  }
  const text = (claim: string): string => {
    const value = claims[claim]
    check(claim, typeof value === 'string' && value !== '')
    return value as string
  }
  const time = (claim: string): number => {
    const value = claims[claim]
    check(claim, typeof value === 'number' && Number.isFinite(value))
    return value as number
  }
  check('iss', claims.iss === expected.issuer)
  const audience = expected.audience ?? text('aud')
  check('aud', [claims.aud].flat().includes(audience))
  const exp = time('exp')
  check('exp', nowSeconds < exp)
  const iat = time('iat')
  check('iat', iat <= nowSeconds + CLOCK_TOLERANCE_SECONDS)
  if (claims.nbf !== undefined) {
    check('nbf', time('nbf') <= nowSeconds + CLOCK_TOLERANCE_SECONDS)
  }
  const environment = ENVIRONMENTS.find((name) => name === claims.environment)
  check('environment', environment !== undefined)
  const client_id = text('client_id')
  return {
    iss: expected.issuer,
    sub: text('sub'),
    aud: audience,
    exp,
    iat,
    jti: text('jti'),
    client_id,
    azp: client_id,
    scope: typeof claims.scope === 'string' ? claims.scope : '',
    org_id: text('org_id'),
    environment: environment as Environment,
    ...addressClaims(claims),
  }
}

type AddressClaims = Pick<AccessTokenClaims, 'allowed_addresses' | 'observed_addresses'>

/** A claim that limits must not be passed over because it is malformed. */
function addressClaims(claims: Record<string, unknown>): AddressClaims {
  const { allowed_addresses, observed_addresses } = claims
  const check = (claim: string, value: unknown): value is readonly string[] => {
    if (value === undefined) return false
    if (Array.isArray(value) && value.every((range) => typeof range === 'string')) return true
    throw refused({ kind: 'claim_rejected', claim })
  }
  return {
    ...(check('allowed_addresses', allowed_addresses) && { allowed_addresses }),
    ...(check('observed_addresses', observed_addresses) && { observed_addresses }),
  }
}

/** One sentence whatever was wrong: details help whoever forges. An expired token may say so. */
function refused(reason: Refusal): OAuthError {
  const expired = reason.kind === 'claim_rejected' && reason.claim === 'exp'
  const error_description = expired
    ? 'The access token has expired'
    : 'The access token is not valid here'
  return new OAuthError('invalid_token', error_description, 401, reason)
}

function insufficientScope(client_id: string, scope: string): OAuthError {
  return new OAuthError('insufficient_scope', `The scope ${scope} is required`, 403, {
    kind: 'insufficient_scope',
    client_id,
    scope,
  })
}
