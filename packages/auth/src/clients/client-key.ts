/**
 * The public keys of clients (`private_key_jwt`): which may be registered, and the form they are
 * kept in. A private key that arrives here is refused.
 */

import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { KEY_TYPES, SIGNING_ALGORITHMS, type SigningAlgorithm } from '@modulariot/oauth/protocol'
import type { JWK } from 'jose'
import { invalidInput } from '../errors/admin-error.ts'
import type { ClientKey } from '../records/client.ts'
import { MAX_KEYS } from '../records/client-limits.ts'
import { rsaWeakness } from './weak-rsa.ts'

/** A JWK Set (RFC 7517 §5), as its owner sends it. */
export interface ClientKeySet {
  readonly keys: readonly JWK[]
}

const MIN_MODULUS_BITS = 2048
/** Verifying takes longer with the square of the size, and blocks other requests. */
export const MAX_MODULUS_BITS = 8192
/** NIST SP 800-56B §6.2: odd, above 2^16. The upper end bounds the work. */
const EXPONENT_BOUNDS = { min: 65_537n, max: 2n ** 32n }

/** Members of a private or a symmetric key (RFC 7518 §6.2.2, §6.3.2, §6.4; RFC 8037 §2). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const

/** The members that make up the key, in the order of a thumbprint (RFC 7638 §3.2). */
const PUBLIC_MEMBERS: Readonly<Record<string, readonly (keyof JWK)[]>> = {
  RSA: ['e', 'kty', 'n'],
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
}

/**
 * The keys of a set, fully validated.
 *
 * @param jwks as it was sent, of any shape.
 * @param current the client's keys: one that stays keeps its `created_at`.
 * @param now Unix milliseconds.
 * @throws AdminError naming the key and what to change.
 */
export function clientKeysOf(
  jwks: unknown,
  current: readonly ClientKey[],
  now: number,
): readonly ClientKey[] {
  const { keys } = (isObject(jwks) ? jwks : {}) as { keys?: unknown }
  if (!Array.isArray(keys)) throw invalidInput('jwks must be a JWK Set: {"keys": [...]}')
  if (keys.length === 0) throw invalidInput('jwks must hold at least one key')
  if (keys.length > MAX_KEYS) throw invalidInput(`jwks holds at most ${MAX_KEYS} keys`)
  const created_at = new Date(now).toISOString()
  const read = keys.map((jwk, index): ClientKey => {
    const key = { ...readKey(jwk, nameOf(jwk, index)), created_at }
    return current.find((known) => isSame(known, key)) ?? key
  })
  const kids = read.map(({ kid }) => kid)
  const twice = kids.find((kid, index) => kids.indexOf(kid) !== index)
  if (twice !== undefined) throw invalidInput(`jwks names the key ${twice} twice`)
  return read
}

function readKey(jwk: unknown, name: string): Omit<ClientKey, 'created_at'> {
  if (!isObject(jwk)) throw invalidInput(`${name} is not a JWK`)
  const secret = PRIVATE_MEMBERS.find((member) => Object.hasOwn(jwk, member))
  if (secret !== undefined) {
    throw invalidInput(
      `${name} holds private members (${secret}): send only the public key, and of a new pair, since this private key is no longer secret`,
    )
  }
  const alg = algorithmOf(jwk, name)
  assertForSigning(jwk, name)
  const key = importKey(jwk, name)
  if (jwk.kty === 'RSA') assertStrong(key, name)
  const exported = key.export({ format: 'jwk' }) as Record<string, string>
  // Other members of the JWK are for us to decide, or were checked above.
  const members = PUBLIC_MEMBERS[exported.kty as string] ?? []
  const kept = Object.fromEntries(members.map((member) => [member, exported[member]])) as JWK
  const weakness = weaknessOf(kept)
  if (weakness !== null) {
    throw invalidInput(`${name} ${weakness}; generate a new pair with other software or hardware`)
  }
  return { kid: kidOf(jwk, kept, name), alg, jwk: kept }
}

/**
 * One algorithm for each key: `alg` if present, otherwise the first that fits the type: RS256 for
 * RSA.
 */
function algorithmOf(jwk: Record<string, unknown>, name: string): SigningAlgorithm {
  const wanted = jwk.alg === 'Ed25519' ? 'EdDSA' : jwk.alg
  const alg = SIGNING_ALGORITHMS.find(
    (candidate) =>
      KEY_TYPES[candidate].kty === jwk.kty &&
      (KEY_TYPES[candidate].crv ?? jwk.crv) === jwk.crv &&
      (wanted === undefined || wanted === candidate),
  )
  if (alg === undefined) {
    throw invalidInput(`${name} must be ${listAcceptedKeys()}`)
  }
  return alg
}

/** Each type of key with its algorithms: `RSA for RS256 or PS256, …`. */
function listAcceptedKeys(): string {
  const types = Object.groupBy(SIGNING_ALGORITHMS, (alg) => {
    const { kty, crv } = KEY_TYPES[alg]
    return crv === undefined ? kty : `${kty} ${crv}`
  })
  const parts = Object.entries(types).map(([type, algs = []]) => `${type} for ${algs.join(' or ')}`)
  return new Intl.ListFormat('en', { type: 'disjunction' }).format(parts)
}

function assertForSigning({ use, key_ops }: Record<string, unknown>, name: string): void {
  const verifies = key_ops === undefined || (Array.isArray(key_ops) && key_ops.includes('verify'))
  if ((use !== undefined && use !== 'sig') || !verifies) {
    throw invalidInput(
      `${name} must be a signing key: use must be sig, key_ops must contain verify`,
    )
  }
}

function importKey(jwk: Record<string, unknown>, name: string): KeyObject {
  try {
    return createPublicKey({ key: jwk as JWK, format: 'jwk' })
  } catch {
    throw invalidInput(`${name} is not a valid public key`)
  }
}

function assertStrong({ asymmetricKeyDetails }: KeyObject, name: string): void {
  const { modulusLength = 0, publicExponent = 0n } = asymmetricKeyDetails ?? {}
  if (modulusLength < MIN_MODULUS_BITS || modulusLength > MAX_MODULUS_BITS) {
    throw invalidInput(
      `${name} has ${modulusLength} bits; RSA needs ${MIN_MODULUS_BITS} to ${MAX_MODULUS_BITS}`,
    )
  }
  const { min, max } = EXPONENT_BOUNDS
  if (publicExponent < min || publicExponent > max || publicExponent % 2n === 0n) {
    throw invalidInput(`${name} has an unsafe exponent; 65537 (AQAB) is the usual one`)
  }
}

/**
 * Why a well-formed key is unsafe, as the end of a sentence about it; null: no known weakness.
 * Elliptic curves have no such keys: a point off the curve is not a key, and OpenSSL refuses
 * signatures of an Ed25519 key of small order.
 */
export function weaknessOf({ kty, n = '' }: JWK): string | null {
  if (kty !== 'RSA') return null
  return rsaWeakness(BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`))
}

/** The owner's `kid`, else the thumbprint (RFC 7638). */
function kidOf({ kid }: Record<string, unknown>, kept: JWK, name: string): string {
  if (kid === undefined)
    return createHash('sha256').update(JSON.stringify(kept)).digest('base64url')
  if (typeof kid !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(kid)) {
    throw invalidInput(`${name} must have a kid of 1 to 255 printable ASCII characters, or none`)
  }
  return kid
}

/** The key's name in error messages: its owner's `kid` if that is safe to print. */
function nameOf(jwk: unknown, index: number): string {
  const kid = isObject(jwk) ? jwk.kid : undefined
  return typeof kid === 'string' && /^[\x21-\x7e]{1,100}$/.test(kid)
    ? `the key ${kid}`
    : `key ${index + 1} of jwks`
}

function isSame(one: ClientKey, other: ClientKey): boolean {
  return (
    one.kid === other.kid &&
    one.alg === other.alg &&
    JSON.stringify(one.jwk) === JSON.stringify(other.jwk)
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
