/**
 * Verifies that a client assertion proves the client (RFC 7523 §3, RFC 7521 §5.2).
 *
 * The order matters. The form was checked when it was parsed; here follow the key, the signature,
 * and only then the claims. The check for reuse is last, because it stores the assertion.
 */

import type { ClientAssertion, Refusal, SigningAlgorithm } from '@modulariot/oauth/protocol'
import { compactVerify, type JWK } from 'jose'
import { ALGORITHMS } from '../keys/algorithms.ts'
import type { ClientKey, ClientRecord } from '../records/client.ts'
import type { AssertionStore } from '../store/ports/assertions.ts'
import { weaknessOf } from './client-key.ts'

/**
 * How far ahead `exp` may be. Short, to bound what a stolen assertion is worth, and how many used
 * ones are stored.
 */
const MAX_LIFETIME_SECONDS = 300

/** How far ahead of ours a client's clock may be. `exp` itself gets no tolerance. */
const CLOCK_TOLERANCE_SECONDS = 30

const MAX_JTI_LENGTH = 255

/**
 * Why the assertion does not prove the client; null: it does.
 *
 * A signature is verified even where the outcome cannot matter, so that timing does not reveal
 * which clients exist.
 *
 * @param nowSeconds Unix seconds.
 */
export async function assertionRefusal(
  client: ClientRecord | null,
  assertion: ClientAssertion,
  issuer: string,
  nowSeconds: number,
): Promise<Refusal | null> {
  const client_id = assertion.sub
  const bad = (detail: string): Refusal => ({ kind: 'bad_assertion', client_id, detail })
  const key = client === null ? null : findKey(client.keys, assertion)
  const alg = keyAlgorithm(assertion)
  const signed = await isSignedBy(key?.jwk ?? ALGORITHMS[alg].decoy, assertion)
  if (client === null) return { kind: 'unknown_client', client_id }
  if (key === null) return bad('no such key')
  if (!signed) return bad('signature')
  // Registered before such keys were refused. Anyone with the public key can make this signature.
  if (isWeak(key)) return bad('weak key')
  const claim = wrongClaim(assertion.claims, { client_id, issuer, nowSeconds })
  if (claim !== null) return bad(claim)
  return client.status === 'active' ? null : { kind: 'client_disabled', client_id }
}

/**
 * Marks the assertion as used; false when it was used before, on any instance.
 *
 * @throws StoreUnavailable
 */
export function useOnce(
  { sub, claims }: ClientAssertion,
  store: AssertionStore,
  nowSeconds: number,
): Promise<boolean> {
  // Both were checked with the other claims. The tolerance covers instances whose clocks differ a
  // little.
  const { jti, exp } = claims as { jti: string; exp: number }
  const until = Math.ceil(exp) + CLOCK_TOLERANCE_SECONDS
  return store.useAssertion({ client_id: sub, jti, until }, Math.floor(nowSeconds))
}

function keyAlgorithm({ alg }: ClientAssertion): SigningAlgorithm {
  return alg === 'Ed25519' ? 'EdDSA' : alg
}

/**
 * The key determines the algorithm, not the sender. Without a `kid`, only a single fitting key is
 * used.
 */
function findKey(keys: readonly ClientKey[], assertion: ClientAssertion): ClientKey | null {
  const fitting = keys.filter(({ alg }) => alg === keyAlgorithm(assertion))
  if (assertion.kid !== null) return fitting.find(({ kid }) => kid === assertion.kid) ?? null
  return fitting.length === 1 ? (fitting[0] as ClientKey) : null
}

/** The check takes about as long as verifying a signature, so its result is kept with the key. */
const weak = new WeakMap<ClientKey, boolean>()

function isWeak(key: ClientKey): boolean {
  const known = weak.get(key)
  if (known !== undefined) return known
  const found = weaknessOf(key.jwk) !== null
  weak.set(key, found)
  return found
}

async function isSignedBy(jwk: JWK, { jws, alg }: ClientAssertion): Promise<boolean> {
  try {
    await compactVerify(jws, jwk, { algorithms: [alg] })
    return true
  } catch {
    return false
  }
}

interface Expected {
  readonly client_id: string
  readonly issuer: string
  readonly nowSeconds: number
}

type Check = (value: unknown, expected: Expected) => boolean

/** What each claim must be (RFC 7523 §3). A new one is a new row. */
const CHECKS: Readonly<Record<string, Check>> = {
  iss: (value, { client_id }) => value === client_id,
  sub: (value, { client_id }) => value === client_id,
  // Only the issuer: an assertion signed for a URL of another server must not be accepted here.
  aud: (value, { issuer }) =>
    Array.isArray(value) ? value.length === 1 && value[0] === issuer : value === issuer,
  exp: (value, { nowSeconds }) =>
    isTime(value) &&
    value > nowSeconds &&
    value <= nowSeconds + MAX_LIFETIME_SECONDS + CLOCK_TOLERANCE_SECONDS,
  iat: (value, expected) => value === undefined || hasBegun(value, expected),
  nbf: (value, expected) => value === undefined || hasBegun(value, expected),
  jti: (value) => typeof value === 'string' && value !== '' && value.length <= MAX_JTI_LENGTH,
}

function wrongClaim(claims: Readonly<Record<string, unknown>>, expected: Expected): string | null {
  for (const [name, holds] of Object.entries(CHECKS)) {
    if (!holds(claims[name], expected)) return name
  }
  return null
}

function hasBegun(value: unknown, { nowSeconds }: Expected): boolean {
  return isTime(value) && value <= nowSeconds + CLOCK_TOLERANCE_SECONDS
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
