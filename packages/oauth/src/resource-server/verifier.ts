/**
 * Verifies the access tokens of one issuer for one audience (RFC 9068 §4, RFC 6750).
 *
 * The order matters: form, then key, then signature, and only then the claims.
 */

import { compactVerify } from 'jose/jws/compact/verify'
import {
  type AccessTokenClaims,
  type AccessTokenType,
  ENVIRONMENTS,
  type Environment,
  OAuthError,
  parseBearerToken,
  parseJsonSegment,
  type Refusal,
  SIGNING_ALGORITHMS,
  type SigningAlgorithm,
} from '../protocol/index.ts'
import { urlFault } from '../protocol/secure-url.ts'
import { systemClock } from '../transport/clock.ts'
import { type Challenge, challenge } from './challenge.ts'
import { readAccessTokenHeader } from './compact-token.ts'
import { DiscoveredKeys } from './discovered-keys.ts'
import type { KeySource } from './key-source.ts'
import type { RevocationSource } from './revocation-list.ts'
import { type VerifiedToken, VerifiedTokens } from './verified-tokens.ts'

export interface VerifierOptions {
  /** Must equal `iss` exactly. */
  readonly issuer: string
  /** Must be `aud`, or one of them; null accepts any, for the issuer itself. */
  readonly audience: string | null
  /**
   * Default: discovered through the issuer's metadata at the first token, and fetched from there.
   */
  readonly keys?: KeySource
  /** Checked for every token, even one seen before. Without it, nothing is ever revoked. */
  readonly revocations?: RevocationSource
  /** Unix milliseconds. Default: `Date.now`. */
  readonly now?: () => number
  readonly algorithms?: readonly SigningAlgorithm[]
  /**
   * Accepted `typ` headers. Default: `at+jwt` (RFC 9068 §4). Add `JWT` only for an audience whose
   * tokens have it: other kinds of JWT have it too.
   */
  readonly tokenTypes?: readonly AccessTokenType[]
  /** How many verified tokens are kept. */
  readonly cacheSize?: number
  /** Fetches the keys when `keys` is not given. */
  readonly fetch?: typeof globalThis.fetch
  /**
   * Called when the keys could not be loaded, once per attempt and not per request. The message has
   * the cause: a wrong issuer, a server that is down. Log it; clients see only a 503.
   */
  readonly onError?: (error: Error) => void
  /** Allows plain `http:` to other machines, where something else protects the connection. */
  readonly allowInsecureRequests?: boolean
  /** Where RFC 9728 metadata about this API is served; `challenge` includes it. */
  readonly resource_metadata?: string
}

export interface Verifier {
  /**
   * The claims of the Bearer token in an `Authorization` header.
   *
   * @throws OAuthError `invalid_token` (401), `insufficient_scope` (403), or
   *   `temporarily_unavailable` (503) when keys or revocations are unavailable.
   */
  verify(
    authorization: string | undefined,
    required?: { scope?: string },
  ): Promise<AccessTokenClaims>
}

export interface Checkable {
  /**
   * Checks that the keys are available, for a startup that fails early and for a readiness probe.
   * Loads them when there are none yet, so that the first token does not wait.
   *
   * @throws OAuthError `temporarily_unavailable` whose message has the cause, such as the expected
   *   issuer and the one that was found.
   */
  check(): Promise<void>
}

export interface Challenger {
  /** The answer to an error that `verify` threw; rethrows any other error. */
  challenge(error: unknown): Challenge
}

/** @throws TypeError when the issuer or the audience is invalid. */
export function createVerifier(options: VerifierOptions): Verifier & Challenger & Checkable {
  assertOptions(options)
  const { now = Date.now, revocations, resource_metadata } = options
  const keys = options.keys ?? discoveredKeys(options)
  const algorithms = options.algorithms ?? SIGNING_ALGORITHMS
  const verified = new VerifiedTokens(options.cacheSize ?? 10_000)
  keys.onFault?.(quietly(options.onError))
  revocations?.onKeyRevoked?.(() => keys.reload?.())

  async function verifyToken(token: string): Promise<VerifiedToken> {
    // 1. Is it well-formed, and signed with an accepted algorithm?
    const header = readAccessTokenHeader(token, algorithms, options.tokenTypes)
    // 2. Which key?
    const key = await keys.find(header)
    if (key === null) throw refused({ kind: 'unknown_key' })
    // 3. Is the signature valid?
    try {
      await compactVerify(token, key, { algorithms: [header.alg] })
    } catch {
      throw refused({ kind: 'bad_signature' })
    }
    // 4. Is it from our issuer, for us, and not expired?
    const payload = parseJsonSegment(token.split('.')[1] as string)
    const nowSeconds = now() / 1000
    const claims = assertClaims(payload, options, nowSeconds)
    const scopes = new Set(claims.scope.split(' '))
    const found = { claims: deepFreeze(claims), kid: header.kid, scopes }
    verified.set(`Bearer ${token}`, found, nowSeconds)
    return found
  }

  /** Checked for every request, since a token may be revoked after it was verified. */
  function assertNotRevoked({ claims, kid }: VerifiedToken): void {
    const { jti, client_id, iat } = claims
    if (revocations?.isRevoked({ jti, client_id, iat, kid })) {
      throw refused({ kind: 'revoked_token', client_id })
    }
  }

  /** Looks up the header as sent; a token seen before is not parsed again. */
  async function find(authorization: string | undefined): Promise<VerifiedToken> {
    const token = parseBearerToken(authorization)
    return verified.get(`Bearer ${token}`, now() / 1000) ?? verifyToken(token)
  }

  return {
    check: async () => keys.check?.(),
    async verify(authorization, required) {
      const known = verified.get(authorization ?? '', now() / 1000)
      const found = known ?? (await find(authorization))
      // 5. Was it revoked?
      assertNotRevoked(found)
      const { claims, scopes } = found
      const { client_id } = claims
      if (required?.scope !== undefined && !scopes.has(required.scope)) {
        throw insufficientScope(client_id, required.scope)
      }
      return claims
    },
    challenge: (error) => challenge(error, resource_metadata ? { resource_metadata } : {}),
  }
}

/** A failing log must not fail the request. */
function quietly(onError: VerifierOptions['onError']): (error: Error) => void {
  return (error) => {
    try {
      onError?.(error)
    } catch {}
  }
}

function assertOptions({ issuer, audience, keys, allowInsecureRequests }: VerifierOptions): void {
  if (typeof issuer !== 'string' || issuer === '') throw new TypeError('issuer is not set')
  // `undefined` would be compared with the tokens' `aud` and never match.
  if (audience !== null && (typeof audience !== 'string' || audience === '')) {
    throw new TypeError('audience is not set: use the aud of tokens for this API')
  }
  const fault = keys === undefined ? urlFault(issuer, allowInsecureRequests) : null
  if (fault !== null) throw new TypeError(`issuer ${fault}`)
}

function discoveredKeys({ issuer, fetch, allowInsecureRequests }: VerifierOptions): KeySource {
  return new DiscoveredKeys({
    issuer,
    fetch: fetch ?? ((input, init) => globalThis.fetch(input, init)),
    clock: systemClock,
    ...(allowInsecureRequests !== undefined && { allowInsecureRequests }),
  })
}

/**
 * The same object answers every request with this token; a change by one caller would affect all.
 */
function deepFreeze(claims: AccessTokenClaims): AccessTokenClaims {
  for (const value of Object.values(claims)) if (typeof value === 'object') Object.freeze(value)
  return Object.freeze(claims)
}

/** How far the issuer's clock may be ahead of ours. */
const CLOCK_TOLERANCE_SECONDS = 60

function assertClaims(
  claims: Record<string, unknown> | null,
  expected: { issuer: string; audience: string | null },
  nowSeconds: number,
): AccessTokenClaims {
  if (claims === null) throw refused({ kind: 'malformed_token', detail: 'payload' })
  // The signature is valid already.
  const client = claims.iss === expected.issuer ? clientOf(claims) : {}
  const check = (claim: string, holds: boolean): void => {
    if (!holds) throw refused({ kind: 'claim_rejected', claim, ...client })
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

function clientOf({ client_id }: Record<string, unknown>): { readonly client_id?: string } {
  return typeof client_id === 'string' && client_id !== '' ? { client_id } : {}
}

type AddressClaims = Pick<AccessTokenClaims, 'allowed_addresses' | 'observed_addresses'>

/** A malformed claim that restricts the token must not be ignored. */
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

/**
 * One sentence whatever was wrong: details help a forger. Only an expired token is named as such.
 */
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
