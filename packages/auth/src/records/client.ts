/**
 * The client record: a machine (or a fleet of them) that may ask for tokens.
 *
 * It is one document, read whole and replaced whole; `version` counts its changes.
 */

import type { Environment, SigningAlgorithm } from '@modulariot/oauth/protocol'
import type { JWK } from 'jose'

/** What everything that belongs to somebody belongs to. */
export interface Tenant {
  readonly org_id: string
  readonly environment: Environment
}

export interface Organization {
  readonly org_id: string
  readonly name: string
}

export interface Client extends Tenant {
  readonly client_id: string
  readonly name: string
  readonly status: 'active' | 'disabled'
  /** The owner's own id for it; unique within the tenant. */
  readonly external_id: string | null
  readonly tags: readonly string[]
  /** Overrides the audience's lifetime; null keeps it. */
  readonly token_lifetime_seconds: number | null
  readonly grants: readonly Grant[]
  readonly secrets: readonly StoredSecret[]
  /**
   * For `private_key_jwt`. A client may have keys, secrets, or both while it moves from one to the
   * other.
   */
  readonly keys: readonly ClientKey[]
  readonly allowlist: Allowlist
  readonly quota: Quota
  /** Unix seconds: every token issued up to and including then is dead; null: none was cut off. */
  readonly tokens_revoked_until: number | null
  /** Audiences whose tokens it receives, and so may introspect (RFC 7662). */
  readonly resource_server_for: readonly string[]
  /** ISO 8601, as all times of the record. */
  readonly created_at: string
  readonly updated_at: string
  /** 1, and one more at each change. */
  readonly version: number
}

/** The scopes one client may have at one audience. */
export interface Grant {
  readonly audience: string
  readonly scopes: readonly string[]
}

/** From where the client may ask for tokens and use them. */
export interface Allowlist {
  /**
   * `off`: from anywhere. `observe`: from anywhere, but what `enforce` would refuse is reported.
   */
  readonly mode: 'off' | 'observe' | 'enforce'
  /** IPv4 and IPv6 ranges (RFC 4632 §3.1, RFC 4291 §2.3). */
  readonly cidrs: readonly string[]
}

/** How many tokens the client may be issued; null: no bound. */
export interface Quota {
  /** `observe`: only reported. */
  readonly mode: 'observe' | 'enforce'
  readonly tokens_per_hour: number | null
  readonly tokens_per_day: number | null
}

/** A secret as it is kept: never the secret itself. */
export interface StoredSecret {
  readonly secret_id: string
  readonly label: string
  /** HMAC-SHA-256 under the server's key, base64url. */
  readonly digest: string
  readonly created_at: string
  /** From then on it proves nothing; null: no end. */
  readonly expires_at: string | null
}

/** A public key; the private half never leaves the client. */
export interface ClientKey {
  /** Unique within the client. */
  readonly kid: string
  /** The only algorithm it verifies. */
  readonly alg: SigningAlgorithm
  /** What makes the key (`kty`, `n`, …) and nothing else. */
  readonly jwk: JWK
  readonly created_at: string
}

/** What an audience says about its tokens, beside what the client may do there. */
export interface EffectiveGrant extends Grant {
  readonly token_lifetime_seconds: number
  readonly signing_alg: SigningAlgorithm
}

/** Everything a token request needs to know about a client, in one read. */
export interface ClientRecord extends Client {
  readonly grants: readonly EffectiveGrant[]
}

/** A client as it may be shown: to its owner, in lists, in the audit trail. Not even digests. */
export type ClientView = Omit<Client, 'secrets'> & {
  readonly secrets: readonly Omit<StoredSecret, 'digest'>[]
}

export function viewOf(client: Client): ClientView {
  return {
    client_id: client.client_id,
    name: client.name,
    org_id: client.org_id,
    environment: client.environment,
    status: client.status,
    external_id: client.external_id,
    tags: client.tags,
    token_lifetime_seconds: client.token_lifetime_seconds,
    grants: client.grants.map(({ audience, scopes }) => ({ audience, scopes })),
    secrets: client.secrets.map(({ secret_id, label, created_at, expires_at }) => ({
      secret_id,
      label,
      created_at,
      expires_at,
    })),
    keys: client.keys,
    allowlist: client.allowlist,
    quota: client.quota,
    tokens_revoked_until: client.tokens_revoked_until,
    resource_server_for: client.resource_server_for,
    created_at: client.created_at,
    updated_at: client.updated_at,
    version: client.version,
  }
}
