/**
 * Does a client assertion prove the client (RFC 7523 §3, RFC 7521 §5.2)?
 *
 * The order is the point: its form was checked where it was parsed; here the key, then the
 * signature, and only then what it claims. That it is used once is the last thing, because it is
 * remembered.
 */

import type { ClientAssertion, Refusal, SigningAlgorithm } from '@modulariot/oauth/protocol'
import { compactVerify, type JWK } from 'jose'
import { ALGORITHMS } from '../keys/algorithms.ts'
import type { ClientKey, ClientRecord } from '../records/client.ts'
import type { AssertionStore } from '../store/ports/assertions.ts'
import { weaknessOf } from './client-key.ts'

/**
 * How far ahead `exp` may be: a short life bounds what a stolen assertion, or a list of used ones,
 * holds.
 */
const MAX_LIFETIME_SECONDS = 300

/**
 * How far ahead of ours a client's clock may be. `exp` itself gets no tolerance: an end is an end.
 */
const CLOCK_TOLERANCE_SECONDS = 30

const MAX_JTI_LENGTH = 255

/**
 * Why this client is not proven by the assertion, or null when it is.
 *
 * A signature is verified even where its outcome cannot matter, so that time does not tell who
 * exists.
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
  // Registered before such keys were refused. Whoever has the public key can make this signature.
  if (isWeak(key)) return bad('weak key')
  const claim = wrongClaim(assertion.claims, { client_id, issuer, nowSeconds })
  if (claim !== null) return bad(claim)
  return client.status === 'active' ? null : { kind: 'client_disabled', client_id }
}

/**
 * Marks an assertion that proved its client as used; false when it was before, anywhere.
 *
 * @throws StoreUnavailable when that cannot be known.
 */
export function useOnce(
  { sub, claims }: ClientAssertion,
  store: AssertionStore,
  nowSeconds: number,
): Promise<boolean> {
  // Both were checked with the other claims. Instances whose clocks differ a little agree on the
  // past.
  const { jti, exp } = claims as { jti: string; exp: number }
  const until = Math.ceil(exp) + CLOCK_TOLERANCE_SECONDS
  return store.useAssertion({ client_id: sub, jti, until }, Math.floor(nowSeconds))
}

function keyAlgorithm({ alg }: ClientAssertion): SigningAlgorithm {
  return alg === 'Ed25519' ? 'EdDSA' : alg
}

/** The algorithm is the key's, not the sender's choice. Without a `kid` nothing is guessed. */
function findKey(keys: readonly ClientKey[], assertion: ClientAssertion): ClientKey | null {
  const fitting = keys.filter(({ alg }) => alg === keyAlgorithm(assertion))
  if (assertion.kid !== null) return fitting.find(({ kid }) => kid === assertion.kid) ?? null
  return fitting.length === 1 ? (fitting[0] as ClientKey) : null
}

/** The arithmetic takes about as long as the verification, so its outcome is kept with the key. */
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
  // The issuer and nothing else: what was signed for a URL of another server must not open this
  // one.
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
