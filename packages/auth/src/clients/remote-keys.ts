/**
 * Public keys that clients publish themselves (`jwks_uri`, RFC 7591 §2), for keys that rotate
 * without an administrator: Keycloak's, Kubernetes'.
 *
 * The URL is chosen by the client's owner, so it is fetched with a `PublicFetch`. What keeps an
 * unknown host from slowing logins down is `RemoteJwks`: one fetch at a time per URL, a cooldown
 * for unknown `kid`s, a deadline, bounded documents, and cached keys.
 */

import { OAuthError, type SigningAlgorithm } from '@modulariot/oauth/protocol'
import { RemoteJwks } from '@modulariot/oauth/resource-server'
import type { PublicFetch } from '@modulariot/platform/public-fetch'
import type { CryptoKey } from 'jose'
import { exportJWK } from 'jose/key/export'
import { MAX_MODULUS_BITS, weaknessOf } from './client-key.ts'

/** The sets used longest ago are forgotten. */
const MAX_SETS = 1000
/** A login waits for the first fetch. */
const TIMEOUT_MS = 3000
/** A key that its owner has withdrawn is trusted for this long when the URL fails. */
const STALE_IF_ERROR_MS = 3_600_000

export interface NamedKey {
  readonly kid: string
  readonly alg: SigningAlgorithm
}

export class RemoteClientKeys {
  readonly #fetch: PublicFetch
  /** By URL; the one used last is at the end. */
  readonly #sets = new Map<string, RemoteJwks>()
  readonly #weak = new WeakMap<CryptoKey, Promise<boolean>>()

  constructor(fetch: PublicFetch) {
    this.#fetch = fetch
  }

  /**
   * The key that the client publishes under this `kid`, or null: there is none, or it is too weak
   * to prove anything (`weaknessOf`).
   *
   * @throws OAuthError `temporarily_unavailable` (503) when the set cannot be fetched.
   */
  async find(jwks_uri: string, named: NamedKey): Promise<CryptoKey | null> {
    const key = await this.#setOf(jwks_uri).find(named).catch(rethrowAsTheClients)
    if (key === null) return null
    const weak = this.#weak.get(key) ?? isWeak(key)
    this.#weak.set(key, weak)
    return (await weak) ? null : key
  }

  #setOf(jwks_uri: string): RemoteJwks {
    const set =
      this.#sets.get(jwks_uri) ??
      new RemoteJwks({
        jwks_uri,
        fetch: (url, init) => this.#fetch(url, init),
        timeoutMs: TIMEOUT_MS,
        staleIfErrorMs: STALE_IF_ERROR_MS,
      })
    this.#sets.delete(jwks_uri)
    this.#sets.set(jwks_uri, set)
    const [oldest] = this.#sets.keys()
    if (this.#sets.size > MAX_SETS) this.#sets.delete(oldest as string)
    return set
  }
}

/** `RemoteJwks` speaks of the authorization server, which this is not about. */
function rethrowAsTheClients(error: unknown): never {
  if (!(error instanceof OAuthError)) throw error
  const description = "The keys at the client's jwks_uri cannot be fetched right now"
  const reason = { kind: 'unavailable', detail: 'jwks_uri' } as const
  const named = new OAuthError('temporarily_unavailable', description, 503, reason)
  const { cause } = error
  if (cause instanceof Error) named.message += ` (${cause.message.slice(0, 500)})`
  throw Object.assign(named, { cause })
}

async function isWeak(key: CryptoKey): Promise<boolean> {
  const { modulusLength = 0 } = key.algorithm as { modulusLength?: number }
  if (modulusLength > MAX_MODULUS_BITS) return true
  return weaknessOf(await exportJWK(key)) !== null
}
