/** An audience is an API that tokens are issued for (`aud`), and the rules of its tokens. */

import {
  ACCESS_TOKEN_TYPES,
  type AccessTokenType,
  isScopeToken,
  SIGNING_ALGORITHMS,
  type SigningAlgorithm,
} from '@modulariot/oauth/protocol'
import { invalidInput } from '../errors/admin-error.ts'

export interface Audience {
  /** The identifier that clients request, usually the API's URL. */
  readonly audience: string
  /** The scopes that can be granted. */
  readonly scopes: readonly string[]
  readonly token_lifetime_seconds: number
  readonly signing_alg: SigningAlgorithm
  /** The `typ` header of its tokens. */
  readonly token_typ: AccessTokenType
}

export const DEFAULT_TOKEN_LIFETIME_SECONDS = 86_400
/** A shorter life makes caching useless; a longer one delays the effect of revoking. */
export const TOKEN_LIFETIME_BOUNDS = { min: 60, max: 30 * 86_400 } as const

/** @throws AdminError naming the field. */
export function assertTokenLifetime(seconds: number): void {
  const { min, max } = TOKEN_LIFETIME_BOUNDS
  if (!Number.isInteger(seconds) || seconds < min || seconds > max) {
    throw invalidInput(`token_lifetime_seconds must be a whole number from ${min} to ${max}`)
  }
}

export const MAX_AUDIENCE_LENGTH = 512
/** Visible ASCII without quotes and backslashes. */
const AUDIENCE = new RegExp(String.raw`^[\x21\x23-\x5b\x5d-\x7e]{1,${MAX_AUDIENCE_LENGTH}}$`)

/** @throws AdminError naming the field. */
export function assertAudience(audience: Audience): void {
  if (!AUDIENCE.test(audience.audience)) {
    throw invalidInput(
      `audience must be 1 to ${MAX_AUDIENCE_LENGTH} visible ASCII characters, usually a URL`,
    )
  }
  if (audience.scopes.length === 0 || !audience.scopes.every(isScopeToken)) {
    throw invalidInput('scopes must be at least one scope name without spaces or quotes')
  }
  if (!SIGNING_ALGORITHMS.includes(audience.signing_alg)) {
    throw invalidInput(`signing_alg must be one of ${SIGNING_ALGORITHMS.join(', ')}`)
  }
  if (!ACCESS_TOKEN_TYPES.includes(audience.token_typ)) {
    throw invalidInput(`token_typ must be one of ${ACCESS_TOKEN_TYPES.join(', ')}`)
  }
  assertTokenLifetime(audience.token_lifetime_seconds)
}
