/**
 * Verifies the secret (RFC 6749 §2.3.1) or the signature (RFC 7523 §3) that a client presents.
 *
 * Every refusal looks the same from outside: the same response, one store read, the same number of
 * digests compared or signatures verified. Two kinds are the exception. A malformed proof is
 * refused for its form alone, which reveals nothing about any client. An assertion whose signature
 * is valid comes from the holder of the client's key, who is told which claim is wrong.
 */

import type {
  AssertionCredentials,
  ClientCredentials,
  Refusal,
  SecretCredentials,
} from '@modulariot/oauth/protocol'
import { StoreUnavailable } from '@modulariot/platform/storage'
import type { DigestKeys } from '../keys/digest-keys.ts'
import type { LoginClient, LoginSecret } from '../records/client.ts'
import type { AssertionStore } from '../store/ports/assertions.ts'
import { type AssertionAudiences, assertionRefusal, useOnce } from './assertion.ts'
import type { ClientDirectory } from './directory.ts'
import { hasEnded, refused } from './login-refusal.ts'
import type { RemoteClientKeys } from './remote-keys.ts'
import { digestSecret, digestsEqual, isWellFormedSecret } from './secret.ts'

export interface AuthenticationDeps {
  readonly directory: ClientDirectory
  /** Keys that clients publish themselves. */
  readonly remoteKeys: Pick<RemoteClientKeys, 'find'>
  /** Stores the assertions that were used. */
  readonly store: AssertionStore
  /** For the endpoint that was called. */
  readonly assertionAudiences: AssertionAudiences
}

/** What a client presents. A secret comes with its stored forms. */
export type Proof = SecretProof | AssertionProof

interface SecretProof {
  readonly credentials: SecretCredentials
  /** Under the key in use. */
  readonly digest: string
  /** Under the other key, while the encryption key is being changed. */
  readonly otherDigest: string | null
  readonly keys: DigestKeys
}

interface AssertionProof {
  readonly credentials: AssertionCredentials
  readonly digest: null
}

/**
 * Digests the secret once for the whole login, before the client is looked up, so that every
 * outcome costs the same; once under each key while the encryption key is being changed.
 */
export function proofOf(credentials: ClientCredentials, { inUse, other }: DigestKeys): Proof {
  if (credentials.method === 'private_key_jwt') return { credentials, digest: null }
  const { client_secret } = credentials
  return {
    credentials,
    digest: digestSecret(client_secret, inUse.key),
    otherDigest: other === null ? null : digestSecret(client_secret, other.key),
    keys: { inUse, other },
  }
}

export interface Authenticated {
  readonly client: LoginClient
  /** The secret that proved the client; null when a signature did. */
  readonly secret: LoginSecret | null
}

/**
 * @param nowMs Unix milliseconds.
 * @throws OAuthError `invalid_client` (401) with the true reason inside; StoreUnavailable.
 */
export function authenticateClient(
  proof: Proof,
  nowMs: number,
  deps: AuthenticationDeps,
): Promise<Authenticated> {
  return proof.digest === null
    ? bySignature(proof.credentials, nowMs, deps)
    : bySecret(proof, nowMs, deps)
}

async function bySecret(
  proof: SecretProof,
  nowMs: number,
  deps: AuthenticationDeps,
): Promise<Authenticated> {
  const { client_id, client_secret } = proof.credentials
  if (!isWellFormedSecret(client_secret)) {
    throw refused({ kind: 'malformed_secret', client_id })
  }
  const judge = (client: LoginClient | null) => secretRefusal(client, proof, nowMs)
  const client = await findProven(client_id, judge, deps.directory)
  const { digest, otherDigest } = proof
  const secret = client.secrets.find((one) => one.digest === digest || one.digest === otherDigest)
  return { client, secret: secret ?? null }
}

async function bySignature(
  { client_id, client_assertion }: AssertionCredentials,
  nowMs: number,
  { directory, store, remoteKeys, assertionAudiences }: AuthenticationDeps,
): Promise<Authenticated> {
  const nowSeconds = nowMs / 1000
  const judge = (client: LoginClient | null) =>
    assertionRefusal(client, client_assertion, assertionAudiences, remoteKeys, nowSeconds)
  const client = await findProven(client_id, judge, directory)
  const refusal = await useOnce(client_assertion, store, nowSeconds)
  if (refusal !== null) throw refused(refusal)
  return { client, secret: null }
}

/**
 * @param judge returns why a client is not proven, or null when it is. Also called with null for an
 *   unknown client.
 */
async function findProven(
  client_id: string,
  judge: (client: LoginClient | null) => Refusal | null | Promise<Refusal | null>,
  directory: ClientDirectory,
): Promise<LoginClient> {
  const known = directory.peek(client_id)
  const doubt = await judge(known)
  if (known !== null && doubt === null) return known
  // Unknown, or refused by a record that may be out of date: the store decides, with one read.
  const current = await directory.read(client_id).catch(async (error: unknown) => {
    // Only a proof counts then: the store might know of a secret that another process does not.
    const elsewhere = error instanceof StoreUnavailable && (await directory.elsewhere(client_id))
    if (elsewhere && (await judge(elsewhere)) === null) return elsewhere
    throw error
  })
  const refusal = await judge(current)
  if (current === null) throw refused(unknown(client_id))
  if (refusal !== null) throw refused(refusal)
  return current
}

/** A comparison is made even where the outcome cannot matter, so that timing reveals nothing. */
const NO_SECRET: readonly ComparedSecret[] = [{ digest: 'A'.repeat(43), expires_at: null }]

type ComparedSecret = Omit<LoginSecret, 'secret_id'>

function secretRefusal(
  client: LoginClient | null,
  { credentials: { client_id }, digest, otherDigest, keys }: SecretProof,
  nowMs: number,
): Refusal | null {
  const secrets = client === null || client.secrets.length === 0 ? NO_SECRET : client.secrets
  let matching: ComparedSecret | null = null
  for (const secret of secrets) {
    if (digestsEqual(secret.digest, digest)) matching = secret
    if (otherDigest !== null && digestsEqual(secret.digest, otherDigest)) matching = secret
  }
  if (client === null) return unknown(client_id)
  if (matching === null) {
    const left = secrets.some((one) => !hasEnded(one, nowMs) && isUnderUnknownKey(one, keys))
    return { kind: left ? 'secret_under_former_key' : 'wrong_secret', client_id }
  }
  if (hasEnded(matching, nowMs)) return { kind: 'secret_expired', client_id }
  if (client.status !== 'active') return { kind: 'client_disabled', client_id }
  return null
}

/** Its encryption key was taken away before the secret was used once: no login with it succeeds. */
function isUnderUnknownKey({ digest_key }: ComparedSecret, { inUse, other }: DigestKeys): boolean {
  return digest_key !== undefined && digest_key !== inUse.id && digest_key !== other?.id
}

function unknown(client_id: string): Refusal {
  return { kind: 'unknown_client', client_id }
}
