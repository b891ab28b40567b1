/**
 * Clients in memory, each in about 155 bytes: a fleet of a million takes 155 MB.
 *
 * What the clients of a fleet have in common (tenant, grants, allowlist, …) is their profile, which
 * is kept once. The text of a client has the rest: the number of its profile, its secrets, its
 * keys and its cut-off.
 */

import { atMost } from '@modulariot/platform/at-most'
import { BoundedTexts } from '@modulariot/platform/bounded-texts'
import { LRUCache } from 'lru-cache'
import type { ClientKey, LoginClient, LoginSecret } from '../records/client.ts'

type Profile = Omit<LoginClient, 'client_id' | 'secrets' | 'keys' | 'tokens_revoked_until'> & {
  /** For each secret; null: it names no key. */
  readonly digest_keys: readonly (string | null)[]
}

type Secret = readonly [secret_id: string, digest: string, expires_at: string | null]

/** As JSON, the text of a client. */
type Own = readonly [
  /** Its number, or the profile itself. */
  profile: number | Profile,
  secrets: readonly Secret[],
  /** Each as JSON. */
  keys: readonly string[],
  tokens_revoked_until: number | null,
]

/** A fleet has few; where each client has its own, the rest are kept with the clients. */
const MAX_PROFILES = 4096
/** Characters. A longer one is kept with its clients, so that the profiles are bounded in sum. */
const MAX_PROFILE_LENGTH = 4096
/** See `#keyOf`. */
const MAX_KEYS = 20_000

export class KnownClients {
  readonly #texts: BoundedTexts
  #profiles: Profile[] = []
  /** By the profile's JSON. */
  #profileNumbers = new Map<string, number>()
  readonly #keys = new LRUCache<string, ClientKey>(atMost(MAX_KEYS))

  /** @param maxBytes for their texts; beyond it those read first are forgotten. */
  constructor(maxBytes: number) {
    this.#texts = new BoundedTexts(maxBytes)
  }

  get size(): number {
    return this.#texts.size
  }

  get(client_id: string): LoginClient | null {
    const text = this.#texts.get(client_id)
    if (text === null) return null
    const [numbered, secrets, keys, tokens_revoked_until] = JSON.parse(text) as Own
    const profile = typeof numbered === 'number' ? this.#profiles[numbered] : numbered
    const { digest_keys, ...shared } = profile as Profile
    return {
      ...shared,
      client_id,
      secrets: secrets.map((secret, index) => secretOf(secret, digest_keys[index] ?? null)),
      keys: keys.map((one) => this.#keyOf(one)),
      tokens_revoked_until,
    }
  }

  set(client: LoginClient): void {
    const own: Own = [
      this.#numberOf(profileOf(client)),
      client.secrets.map(({ secret_id, digest, expires_at }) => [secret_id, digest, expires_at]),
      client.keys.map((key) => JSON.stringify(key)),
      client.tokens_revoked_until,
    ]
    this.#texts.set(client.client_id, JSON.stringify(own))
  }

  delete(client_id: string): void {
    this.#texts.delete(client_id)
  }

  clear(): void {
    this.#texts.clear()
    this.#profiles = []
    this.#profileNumbers = new Map()
  }

  #numberOf(profile: Profile): number | Profile {
    const text = JSON.stringify(profile)
    const known = this.#profileNumbers.get(text)
    if (known !== undefined) return known
    const number = this.#profiles.length
    if (number === MAX_PROFILES || text.length > MAX_PROFILE_LENGTH) return profile
    this.#profiles.push(profile)
    this.#profileNumbers.set(text, number)
    return number
  }

  /** The same object each time, by which `jose` and the check for weak keys know it again. */
  #keyOf(text: string): ClientKey {
    const known = this.#keys.get(text)
    if (known !== undefined) return known
    const key = JSON.parse(text) as ClientKey
    this.#keys.set(text, key)
    return key
  }
}

/** Member by member, in one order: equal profiles have equal JSON. */
function profileOf(client: LoginClient): Profile {
  return {
    org_id: client.org_id,
    environment: client.environment,
    status: client.status,
    token_lifetime_seconds: client.token_lifetime_seconds,
    grants: client.grants,
    default_audience: client.default_audience,
    jwks_uri: client.jwks_uri,
    assertions: client.assertions,
    allowlist: client.allowlist,
    quota: client.quota,
    resource_server_for: client.resource_server_for,
    digest_keys: client.secrets.map(({ digest_key }) => digest_key ?? null),
  }
}

function secretOf([secret_id, digest, expires_at]: Secret, digest_key: string | null): LoginSecret {
  const secret = { secret_id, digest, expires_at }
  return digest_key === null ? secret : { ...secret, digest_key }
}
