/** Generates a signing key and seals it; its place among the others is not decided here. */

import type { SigningAlgorithm } from '@modulariot/oauth/protocol'
import type { JWK } from 'jose'
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint'
import type { SealedKey } from '../records/sealed-key.ts'
import { ALGORITHMS } from './algorithms.ts'
import { type PrivateHalf, seal } from './sealing.ts'

/** @param nowMs Unix milliseconds. */
export async function newKey(
  alg: SigningAlgorithm,
  sealingKey: Uint8Array,
  nowMs: number,
): Promise<SealedKey> {
  const { privateKey } = await ALGORITHMS[alg].generate()
  const private_jwk = privateKey.export({ format: 'jwk' }) as JWK
  return keyRecord(alg, private_jwk, private_jwk, sealingKey, nowMs)
}

/**
 * The record of a key that has no place among the others yet.
 *
 * @param jwk of which only the public members are used.
 * @param nowMs Unix milliseconds.
 */
export async function keyRecord(
  alg: SigningAlgorithm,
  jwk: JWK,
  half: PrivateHalf,
  sealingKey: Uint8Array,
  nowMs: number,
): Promise<SealedKey> {
  const kid = await calculateJwkThumbprint(jwk)
  return {
    kid,
    alg,
    public_jwk: publicHalf(jwk, kid, alg),
    sealed: await seal(half, kid, sealingKey),
    created_at: new Date(nowMs).toISOString(),
    activates_at: null,
    retires_at: null,
  }
}

/** Only the public members (RFC 7518 §6), by name: a member that is not listed cannot leak. */
function publicHalf({ kty, n, e, crv, x, y }: JWK, kid: string, alg: SigningAlgorithm): JWK {
  const members = { kty, n, e, crv, x, y, kid, alg, use: 'sig' }
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as unknown as JWK
}
