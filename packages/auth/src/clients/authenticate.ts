/**
 * Verifies the secret (RFC 6749 §2.3.1) or the signature (RFC 7523 §3) that a client presents.
 *
 * Every refusal looks the same from outside: the same response, one store read, the same number of
 * digests compared or signatures verified. Two kinds are the exception. A malformed proof is
 * refused for its form alone, which reveals nothing about any client. An assertion whose signature
 * is valid comes from the holder of the client's key, who is told which claim is wrong.
 */

import {
  type AssertionCredentials,
  type ClientCredentials,
  OAuthError,
  type Refusal,
  type SecretCredentials,
} from '@modulariot/oauth/protocol'
import type { ClientRecord, StoredSecret } from '../records/client.ts'
import type { AssertionStore } from '../store/ports/assertions.ts'
import { type AssertionAudiences, assertionRefusal, useOnce } from './assertion.ts'
import type { ClientDirectory } from './directory.ts'
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

/** What a client presents. A secret comes with its stored form. */
export type Proof = SecretProof | AssertionProof

interface SecretProof {
  readonly credentials: SecretCredentials
  readonly digest: string
}

interface AssertionProof {
  readonly credentials: AssertionCredentials
  readonly digest: null
}

/**
 * Digests the secret once for the whole login, before the client is looked up, so that every
 * outcome costs the same.
 *
 * @param digestKey keys the digest under which secrets are stored.
 */
export function proofOf(credentials: ClientCredentials, digestKey: Uint8Array): Proof {
  if (credentials.method === 'private_key_jwt') return { credentials, digest: null }
  return { credentials, digest: digestSecret(credentials.client_secret, digestKey) }
}

export interface Authenticated {
  readonly client: ClientRecord
  /** The secret that proved the client; null when a signature did. */
  readonly secret: StoredSecret | null
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
  { credentials, digest }: SecretProof,
  nowMs: number,
  deps: AuthenticationDeps,
): Promise<Authenticated> {
  const { client_id, client_secret } = credentials
  if (!isWellFormedSecret(client_secret)) {
    throw refused({ kind: 'malformed_secret', client_id })
  }
  const judge = (client: ClientRecord | null) => secretRefusal(client, client_id, digest, nowMs)
  const client = await findProven(client_id, judge, deps.directory)
  return { client, secret: client.secrets.find((one) => one.digest === digest) ?? null }
}

async function bySignature(
  { client_id, client_assertion }: AssertionCredentials,
  nowMs: number,
  { directory, store, remoteKeys, assertionAudiences }: AuthenticationDeps,
): Promise<Authenticated> {
  const nowSeconds = nowMs / 1000
  const judge = (client: ClientRecord | null) =>
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
  judge: (client: ClientRecord | null) => Refusal | null | Promise<Refusal | null>,
  directory: ClientDirectory,
): Promise<ClientRecord> {
  const known = directory.peek(client_id)
  const doubt = await judge(known)
  if (known !== null && doubt === null) return known
  // Unknown, or refused by a record that may be out of date: the store decides, with one read.
  const current = await directory.read(client_id)
  const refusal = await judge(current)
  if (current === null) throw refused(unknown(client_id))
  if (refusal !== null) throw refused(refusal)
  return current
}

/** A comparison is made even where the outcome cannot matter, so that timing reveals nothing. */
const NO_SECRET = [{ digest: 'A'.repeat(43), expires_at: null }]

function secretRefusal(
  client: ClientRecord | null,
  client_id: string,
  digest: string,
  nowMs: number,
): Refusal | null {
  const secrets = client === null || client.secrets.length === 0 ? NO_SECRET : client.secrets
  let matching: (typeof secrets)[number] | null = null
  for (const secret of secrets) if (digestsEqual(secret.digest, digest)) matching = secret
  if (client === null) return unknown(client_id)
  if (matching === null) return { kind: 'wrong_secret', client_id }
  if (matching.expires_at !== null && Date.parse(matching.expires_at) <= nowMs) {
    return { kind: 'secret_expired', client_id }
  }
  if (client.status !== 'active') return { kind: 'client_disabled', client_id }
  return null
}

function unknown(client_id: string): Refusal {
  return { kind: 'unknown_client', client_id }
}

/** Names a wrong claim, since only the holder of a client's key is refused for one. */
function refused(reason: Refusal): OAuthError {
  const failed = 'Client authentication failed'
  const description =
    reason.kind === 'bad_assertion_claim'
      ? `${failed}: ${reason.claim} of client_assertion ${reason.rule}`
      : failed
  return new OAuthError('invalid_client', description, 401, reason)
}
