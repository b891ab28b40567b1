/**
 * The client record: a machine (or a fleet of them) that may request tokens.
 *
 * It is one document, read whole and replaced whole; `version` counts its changes.
 */

import type { AccessTokenType, Environment, SigningAlgorithm } from '@modulariot/oauth/protocol'
import type { JWK } from 'jose'

/** The owner of a record: an organization in one environment. */
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
  /**
   * The audience of a request that names none; one of the grants. Null: the only one, if there is
   * only one.
   */
  readonly default_audience: string | null
  readonly secrets: readonly StoredSecret[]
  /**
   * For `private_key_jwt`. A client may have keys, secrets, or both while it moves from one to the
   * other.
   */
  readonly keys: readonly ClientKey[]
  /** Where it publishes its keys (RFC 7591 §2), in place of `keys`; null: nowhere. */
  readonly jwks_uri: string | null
  /** How strict its assertions are checked. */
  readonly assertions: AssertionPolicy
  readonly allowlist: Allowlist
  readonly quota: Quota
  /**
   * Unix seconds: tokens issued up to and including this second are invalid; null: none were cut
   * off.
   */
  readonly tokens_revoked_until: number | null
  /** Audiences whose tokens it receives, and may therefore introspect (RFC 7662). */
  readonly resource_server_for: readonly string[]
  /** ISO 8601, like all times in the record. */
  readonly created_at: string
  readonly updated_at: string
  /** Starts at 1 and increases by one with each change. */
  readonly version: number
}

export interface AssertionPolicy {
  /**
   * `any`: `aud` is the issuer, or the URL of an endpoint that the assertion may be used at.
   * `issuer`: exactly the issuer, as the successor of RFC 7523 requires.
   */
  readonly audience: 'any' | 'issuer'
  /** `optional`: an assertion without `jti` can be used again until its `exp`. */
  readonly jti: 'required' | 'optional'
}

export const DEFAULT_ASSERTION_POLICY: AssertionPolicy = { audience: 'any', jti: 'required' }

/** The scopes one client may have at one audience. */
export interface Grant {
  readonly audience: string
  readonly scopes: readonly string[]
}

/** The addresses from which the client may request and use tokens. */
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

/** A secret as stored: its digest, never the secret itself. */
export interface StoredSecret {
  readonly secret_id: string
  readonly label: string
  /** Its last four characters; left out in secrets of earlier versions. */
  readonly hint?: string
  /** HMAC-SHA-256 under the server's key, base64url. */
  readonly digest: string
  /** The id of that key; left out in secrets of earlier versions. */
  readonly digest_key?: string
  readonly created_at: string
  /** When it stops being valid; null: never. */
  readonly expires_at: string | null
}

/** A public key; the private half never leaves the client. */
export interface ClientKey {
  /** Unique within the client. */
  readonly kid: string
  /** The only algorithm it verifies. */
  readonly alg: SigningAlgorithm
  /** Only the members that make up the key (`kty`, `n`, …). */
  readonly jwk: JWK
  readonly created_at: string
}

/** A grant, and what its audience sets for tokens. */
export interface EffectiveGrant extends Grant {
  readonly token_lifetime_seconds: number
  readonly signing_alg: SigningAlgorithm
  readonly token_typ: AccessTokenType
}

/** Everything that a token request needs of a client, in one read. */
export interface ClientRecord extends Client {
  readonly grants: readonly EffectiveGrant[]
}

/** What a login needs of a secret. */
export type LoginSecret = Pick<StoredSecret, 'secret_id' | 'digest' | 'digest_key' | 'expires_at'>

/** What a login needs of a client. The directory keeps it of the whole fleet. */
export type LoginClient = Omit<
  ClientRecord,
  'name' | 'external_id' | 'tags' | 'created_at' | 'updated_at' | 'version' | 'secrets'
> & { readonly secrets: readonly LoginSecret[] }

/** A client as it may be shown: to its owner, in lists, in the audit trail. Without digests. */
export type ClientView = Omit<Client, 'secrets'> & {
  readonly secrets: readonly SecretView[]
}

/** A secret as it may be shown. */
export type SecretView = Omit<StoredSecret, 'digest' | 'digest_key' | 'hint'> & {
  /** Its last four characters; null: it was created by an earlier version, which kept none. */
  readonly hint: string | null
}

/** A client in a list. */
export type ListedClient = ClientView & {
  /** When it last got a token or authenticated with one of its secrets; null: never. */
  readonly last_used_at: string | null
}

export function clientViewOf(client: Client): ClientView {
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
    default_audience: client.default_audience,
    secrets: client.secrets.map(({ secret_id, label, hint, created_at, expires_at }) => ({
      secret_id,
      label,
      hint: hint ?? null,
      created_at,
      expires_at,
    })),
    keys: client.keys,
    jwks_uri: client.jwks_uri,
    assertions: client.assertions,
    allowlist: client.allowlist,
    quota: client.quota,
    tokens_revoked_until: client.tokens_revoked_until,
    resource_server_for: client.resource_server_for,
    created_at: client.created_at,
    updated_at: client.updated_at,
    version: client.version,
  }
}
