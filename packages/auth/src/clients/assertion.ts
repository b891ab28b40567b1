/**
 * Verifies that a client assertion proves the client (RFC 7523 §3, RFC 7521 §5.2).
 *
 * The order matters. The form was checked when it was parsed; here follow the key, the signature,
 * and only then the claims. The check for reuse is last, because it stores the assertion.
 */

import type { ClientAssertion, Refusal, SigningAlgorithm } from '@modulariot/oauth/protocol'
import type { CryptoKey, JWK } from 'jose'
import { compactVerify } from 'jose/jws/compact/verify'
import { ALGORITHMS } from '../keys/algorithms.ts'
import type { AssertionPolicy, ClientKey, LoginClient } from '../records/client.ts'
import type { AssertionStore } from '../store/ports/assertions.ts'
import { weaknessOf } from './client-key.ts'
import type { RemoteClientKeys } from './remote-keys.ts'

/**
 * How far ahead `exp` may be: what common libraries set. It bounds what a stolen assertion is
 * worth, and how long used ones are stored.
 */
const MAX_LIFETIME_SECONDS = 3600

/** How far ahead of ours a client's clock may be. `exp` itself gets no tolerance. */
const CLOCK_TOLERANCE_SECONDS = 30

const MAX_JTI_LENGTH = 255

/** The values that `aud` may have. */
export interface AssertionAudiences {
  readonly issuer: string
  /** The issuer, also with a slash, and the URLs of endpoints that take the assertion. */
  readonly accepted: ReadonlySet<string>
}

/** @param endpoints URLs at which the assertion may be used (RFC 7523 §3). */
export function assertionAudiences(
  issuer: string,
  endpoints: readonly string[],
): AssertionAudiences {
  return { issuer, accepted: new Set([issuer, `${issuer}/`, ...endpoints]) }
}

/**
 * Why the assertion does not prove the client; null: it does.
 *
 * A signature is verified even where the outcome cannot matter, so that timing does not reveal
 * which clients exist. Only a refusal for a claim, which the caller may learn of, comes after a
 * valid signature.
 *
 * @param nowSeconds Unix seconds.
 */
export async function assertionRefusal(
  client: LoginClient | null,
  assertion: ClientAssertion,
  audiences: AssertionAudiences,
  remoteKeys: Pick<RemoteClientKeys, 'find'>,
  nowSeconds: number,
): Promise<Refusal | null> {
  const client_id = assertion.sub
  const bad = (detail: string): Refusal => ({ kind: 'bad_assertion', client_id, detail })
  const alg = keyAlgorithm(assertion)
  const registered = client === null ? null : findKey(client.keys, assertion)
  const key = registered?.jwk ?? (await findPublishedKey(client, assertion, remoteKeys))
  const signed = await isSignedBy(key ?? ALGORITHMS[alg].decoy, assertion)
  if (client === null) return { kind: 'unknown_client', client_id }
  if (key === null) return bad('no such key')
  if (!signed) return bad('signature')
  // Registered before such keys were refused. Anyone with the public key can make this signature.
  if (registered !== null && isWeak(registered)) return bad('weak key')
  const { assertions: policy } = client
  const claim = wrongClaim(assertion.claims, { client_id, audiences, policy, nowSeconds })
  if (claim !== null) return { kind: 'bad_assertion_claim', client_id, ...claim }
  return client.status === 'active' ? null : { kind: 'client_disabled', client_id }
}

/**
 * Marks a proven assertion as used; returns why it is refused, or null. One without `jti`, of a
 * client that may leave it out, is not marked: it works until its `exp`.
 *
 * @throws StoreUnavailable
 */
export async function useOnce(
  { sub: client_id, claims }: ClientAssertion,
  store: AssertionStore,
  nowSeconds: number,
): Promise<Refusal | null> {
  // Both were checked with the other claims. The tolerance covers instances whose clocks differ a
  // little.
  const { jti, exp } = claims as { jti?: string; exp: number }
  if (jti === undefined) return null
  const until = Math.ceil(exp) + CLOCK_TOLERANCE_SECONDS
  if (await store.useAssertion({ client_id, jti, until }, Math.floor(nowSeconds))) return null
  const rule = 'must be new for each request, and this one was used before'
  return { kind: 'bad_assertion_claim', client_id, claim: 'jti', rule }
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

/** At the client's `jwks_uri`, which may hold many keys: an assertion has to name one. */
async function findPublishedKey(
  client: LoginClient | null,
  assertion: ClientAssertion,
  remoteKeys: Pick<RemoteClientKeys, 'find'>,
): Promise<CryptoKey | null> {
  const { kid } = assertion
  if (client === null || client.jwks_uri === null || kid === null) return null
  return remoteKeys.find(client.jwks_uri, { kid, alg: keyAlgorithm(assertion) })
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

async function isSignedBy(key: JWK | CryptoKey, { jws, alg }: ClientAssertion): Promise<boolean> {
  try {
    await compactVerify(jws, key, { algorithms: [alg] })
    return true
  } catch {
    return false
  }
}

interface Expected {
  readonly client_id: string
  readonly audiences: AssertionAudiences
  readonly policy: AssertionPolicy
  readonly nowSeconds: number
}

interface ClaimCheck {
  /** What the claim must be, as the end of a sentence that begins with its name. */
  readonly rule: string
  readonly holds: (value: unknown, expected: Expected) => boolean
}

const IS_CLIENT: ClaimCheck = {
  rule: 'must be the client_id',
  holds: (value, { client_id }) => value === client_id,
}

const HAS_BEGUN: ClaimCheck = {
  rule: 'must be a time that is not in the future',
  holds: (value, expected) => value === undefined || hasBegun(value, expected),
}

/** What each claim must be (RFC 7523 §3). A new one is a new row. */
const CHECKS: Readonly<Record<string, ClaimCheck>> = {
  iss: IS_CLIENT,
  sub: IS_CLIENT,
  aud: {
    rule: 'must be the issuer, or the URL of this or the token endpoint (for a client set to the issuer: it alone)',
    holds: namesUsAlone,
  },
  exp: {
    rule: 'must be a time in the future, at most an hour ahead',
    holds: (value, { nowSeconds }) =>
      isTime(value) &&
      value > nowSeconds &&
      value <= nowSeconds + MAX_LIFETIME_SECONDS + CLOCK_TOLERANCE_SECONDS,
  },
  iat: HAS_BEGUN,
  nbf: HAS_BEGUN,
  jti: {
    rule: `must be a text of 1 to ${MAX_JTI_LENGTH} characters`,
    holds: (value, { policy }) =>
      (value === undefined && policy.jti === 'optional') ||
      (typeof value === 'string' && value !== '' && value.length <= MAX_JTI_LENGTH),
  },
}

/**
 * Every member of a list must name us: an assertion that also names another server could be used by
 * that server here (audience injection, CVE-2025-27370).
 */
function namesUsAlone(value: unknown, { audiences, policy }: Expected): boolean {
  const { issuer, accepted } = audiences
  const isUs = (one: unknown): boolean =>
    policy.audience === 'issuer' ? one === issuer : typeof one === 'string' && accepted.has(one)
  return Array.isArray(value) ? value.length > 0 && value.every(isUs) : isUs(value)
}

/** The first claim that is wrong, and what it must be. */
function wrongClaim(
  claims: Readonly<Record<string, unknown>>,
  expected: Expected,
): { claim: string; rule: string } | null {
  for (const [claim, { rule, holds }] of Object.entries(CHECKS)) {
    if (!holds(claims[claim], expected)) return { claim, rule }
  }
  return null
}

function hasBegun(value: unknown, { nowSeconds }: Expected): boolean {
  return isTime(value) && value <= nowSeconds + CLOCK_TOLERANCE_SECONDS
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
