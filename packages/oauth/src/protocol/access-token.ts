/** The claims of an access token (RFC 9068 §2), spelled as on the wire. */

/**
 * `typ` of an access token: that of RFC 9068 §2.1, or the plain one of RFC 7519 §5.1 that verifiers
 * accept which do not know the former.
 */
export const ACCESS_TOKEN_TYPES = ['at+jwt', 'JWT'] as const

export type AccessTokenType = (typeof ACCESS_TOKEN_TYPES)[number]

export const ACCESS_TOKEN_TYPE = 'at+jwt' satisfies AccessTokenType

/** Development and production credentials never mix; the environment travels in the token. */
export const ENVIRONMENTS = ['development', 'production'] as const

export type Environment = (typeof ENVIRONMENTS)[number]

export interface AccessTokenClaims {
  readonly iss: string
  /** The client itself: no user is present (RFC 9068 §2.2). */
  readonly sub: string
  readonly aud: string
  /** Unix seconds. */
  readonly exp: number
  /** Unix seconds. */
  readonly iat: number
  readonly jti: string
  readonly client_id: string
  readonly azp: string
  /** Space-delimited. */
  readonly scope: string
  readonly org_id: string
  readonly environment: Environment
  /** Address ranges the token may be used from; ours, not the RFC's. Without it, any address. */
  readonly allowed_addresses?: readonly string[]
  /** The same, but refusals are only reported, not enforced. */
  readonly observed_addresses?: readonly string[]
}
