/** A JWK Set (RFC 7517 §5) as a lookup from `kid` and `alg` to a verification key. */

import type { CryptoKey, JWK } from 'jose'
import { importJWK } from 'jose/key/import'
import { hasDuplicateMembers, KEY_TYPES, SIGNING_ALGORITHMS } from '../protocol/index.ts'
import type { AccessTokenHeader } from './compact-token.ts'

export interface JsonWebKeySet {
  readonly keys: readonly JWK[]
}

/**
 * @throws Error when the text is not a JWK Set with at least one usable key: a set without any
 *   comes from a broken server, and must not replace one that has some.
 */
export function parseJsonWebKeySet(text: string): JsonWebKeySet {
  const value: unknown = JSON.parse(text)
  if (
    typeof value !== 'object' ||
    value === null ||
    !('keys' in value) ||
    !Array.isArray(value.keys) ||
    hasDuplicateMembers(text, value)
  ) {
    throw new Error('not a JWK Set')
  }
  const objects = value.keys.filter((key) => typeof key === 'object' && key !== null) as JWK[]
  const set = { keys: objects }
  const usable = objects.some((key) =>
    SIGNING_ALGORITHMS.some(
      (alg) => typeof key.kid === 'string' && fits(key, { kid: key.kid, alg }),
    ),
  )
  if (!usable) throw new Error('a JWK Set without a usable key')
  return set
}

/**
 * The imported key that matches, or null.
 *
 * `kid`, `kty`, `crv`, `use`, `key_ops` and `alg` must all agree with the header. A JWK with a
 * private part is skipped: it should never have been published. So is one without a usable key: its
 * own tokens are refused, and nothing else fails.
 */
export async function findVerificationKey(
  set: JsonWebKeySet,
  header: AccessTokenHeader,
): Promise<CryptoKey | null> {
  const jwk = set.keys.find((key) => fits(key, header))
  if (jwk === undefined) return null
  try {
    // Public keys are no secret, whatever the JWK says (`ext`): they can be examined.
    const key = await importJWK(jwk, header.alg, { extractable: true })
    return key instanceof Uint8Array ? null : key
  } catch {
    return null
  }
}

function fits(jwk: JWK, header: AccessTokenHeader): boolean {
  const needs = KEY_TYPES[header.alg]
  return (
    jwk.kid === header.kid &&
    jwk.kty === needs.kty &&
    (needs.crv === undefined || jwk.crv === needs.crv) &&
    (jwk.use === undefined || jwk.use === 'sig') &&
    (jwk.key_ops === undefined || [jwk.key_ops].flat().includes('verify')) &&
    (jwk.alg === undefined || jwk.alg === header.alg) &&
    jwk.d === undefined
  )
}
