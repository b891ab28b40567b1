/**
 * What the admin API answers with, and what it takes; types only. The members are those of its
 * OpenAPI document (`/admin/v1/openapi.json`). Times are ISO 8601 unless a member says otherwise.
 */

import type {
  AccessTokenClaims,
  AccessTokenType,
  Environment,
  SigningAlgorithm,
} from '@modulariot/oauth/protocol'

/** The scopes one client may have at one audience. */
export interface Grant {
  readonly audience: string
  readonly scopes: readonly string[]
}

export interface Allowlist {
  /** `observe`: what `enforce` would refuse is only reported. */
  readonly mode: 'off' | 'observe' | 'enforce'
  /** IPv4 and IPv6 ranges. */
  readonly cidrs: readonly string[]
}

/** How many tokens a client may be issued; null: no bound. */
export interface Quota {
  readonly mode: 'observe' | 'enforce'
  readonly tokens_per_hour: number | null
  readonly tokens_per_day: number | null
}

export interface AssertionPolicy {
  readonly audience: 'any' | 'issuer'
  readonly jti: 'required' | 'optional'
}

/** A public key as a JWK (RFC 7517): RSA, EC P-256 or OKP Ed25519. */
export interface PublicJwk {
  readonly kty?: string
  readonly kid?: string
  readonly alg?: string
  readonly use?: string
  readonly n?: string
  readonly e?: string
  readonly crv?: string
  readonly x?: string
  readonly y?: string
}

/** A secret without its text. */
export interface SecretInfo {
  readonly secret_id: string
  readonly label: string
  /** Its last four characters; null: an earlier version created it. */
  readonly hint: string | null
  readonly created_at: string
  /** Null: never. */
  readonly expires_at: string | null
}

export interface UsedSecret extends SecretInfo {
  /** Null: never used. */
  readonly used: {
    readonly uses: number
    readonly last_used_at: string
    readonly address: string
    readonly user_agent: string | null
  } | null
}

export interface ClientKeyInfo {
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly jwk: PublicJwk
  readonly created_at: string
}

export interface Client {
  readonly client_id: string
  readonly name: string
  readonly org_id: string
  readonly environment: Environment
  readonly status: 'active' | 'disabled'
  /** Your own id for it. */
  readonly external_id: string | null
  readonly tags: readonly string[]
  /** Null: the audience's. */
  readonly token_lifetime_seconds: number | null
  readonly grants: readonly Grant[]
  readonly default_audience: string | null
  readonly secrets: readonly SecretInfo[]
  readonly keys: readonly ClientKeyInfo[]
  readonly jwks_uri: string | null
  readonly assertions: AssertionPolicy
  readonly allowlist: Allowlist
  readonly quota: Quota
  /** Unix seconds. */
  readonly tokens_revoked_until: number | null
  readonly resource_server_for: readonly string[]
  readonly created_at: string
  readonly updated_at: string
  /** For `ifVersion`; increases by one with each change. */
  readonly version: number
}

/** What can be set on a client. One that is left out gets its default, or keeps its value. */
interface ClientMembers {
  readonly external_id?: string | null | undefined
  readonly tags?: readonly string[] | undefined
  readonly token_lifetime_seconds?: number | null | undefined
  /** One of the grants; null: none. */
  readonly default_audience?: string | null | undefined
  readonly allowlist?: Allowlist | undefined
  /** Replaces all keys; null removes them. A new client with keys gets no secret. */
  readonly jwks?: { readonly keys: readonly PublicJwk[] } | null | undefined
  /** In place of `jwks`: an https: URL; null: none. */
  readonly jwks_uri?: string | null | undefined
  readonly assertions?: Partial<AssertionPolicy> | undefined
  readonly quota?: Quota | undefined
}

/** Without `scopes`, a grant covers every scope of the audience. */
export interface GrantInput {
  readonly audience: string
  readonly scopes?: readonly string[] | undefined
}

export interface NewClient extends ClientMembers {
  readonly name: string
  readonly grants: readonly GrantInput[]
}

export interface ClientChange extends ClientMembers {
  readonly name?: string | undefined
  /** All of them: what is left out is taken away. */
  readonly grants?: readonly GrantInput[] | undefined
  readonly status?: Client['status'] | undefined
}

export interface CreatedClient {
  readonly client: Client
  /**
   * Shown only here. Null for a client with keys, and when the answer with it was lost
   * (`replayed`): rotate to get another.
   */
  readonly client_secret: string | null
  /** True when an earlier attempt had been carried out, and its answer was lost. */
  readonly replayed: boolean
}

export interface AddedSecret extends CreatedClient {
  readonly secret_id: string
}

/** One line of `createMany`. `stopped` is the last: this line and the following were not done. */
export type BulkResult =
  | {
      readonly status: 'created'
      readonly client: Client
      readonly client_secret: string | null
    }
  | { readonly status: 'exists'; readonly client: Client }
  /** Only of a dry run. */
  | { readonly status: 'valid' }
  | { readonly status: 'refused' | 'stopped'; readonly message: string }

/** One change for many clients. */
export type ManyChange =
  | { readonly action: 'add_tags' | 'remove_tags'; readonly tags: readonly string[] }
  | { readonly action: 'disable' | 'enable' }
  | {
      readonly action: 'rotate'
      /** How long the old secrets keep working; 0 ends them now. */
      readonly overlap_seconds: number
      readonly label?: string | undefined
    }

/**
 * What became of one client of `changeMany`. `stopped`: the token is no longer authorized or the
 * server failed; this client and those after it were not looked at.
 */
export interface ChangeResult {
  readonly client_id: string
  readonly status: 'changed' | 'unchanged' | 'refused' | 'stopped'
  /** Of a rotation. */
  readonly secret_id?: string
  /** Of a rotation, only here. Null when the answer with it was lost: rotate again. */
  readonly client_secret?: string | null
  /** Why it was refused or stopped. */
  readonly error?: { readonly code: string; readonly message: string }
}

/** An API that tokens can be issued for. */
export interface Audience {
  readonly audience: string
  readonly scopes: readonly string[]
  readonly token_lifetime_seconds: number
  readonly signing_alg: SigningAlgorithm
  readonly token_typ: AccessTokenType
}

export interface ListedClient extends Client {
  /** When it last got a token or authenticated with one of its secrets; null: never. */
  readonly last_used_at: string | null
}

/** How many tokens a client requests, and how many it needs. */
interface TokenUse {
  readonly client_id: string
  readonly name: string
  readonly tokens_issued: number
  /** Requested while the previous token had more than half of its lifetime left. */
  readonly tokens_early: number
  readonly tokens_valid: number
  readonly tokens_valid_early: number
  readonly tokens_per_day: number
  /** 1 for a client that caches its tokens. */
  readonly times_needed: number
  readonly last_issued_at: string | null
}

export interface ClientUsage extends TokenUse {
  /** Tokens above the quota, issued (`observe`) or refused (`enforce`). */
  readonly over_quota: number
  readonly last_used_at: string | null
  readonly secrets: readonly UsedSecret[]
}

/** Where a client logged in from. */
export interface LoginAddress {
  readonly address: string
  readonly first_seen_at: string
  readonly last_seen_at: string
  /** With the right secret or signature, also those refused for their address. */
  readonly logins: number
}

/** As the parameters of a login. */
export interface NextTokenRequest {
  /** Default: the only one granted, or the client's default. */
  readonly audience?: string | undefined
  /** Separated by spaces. Default: everything granted. */
  readonly scope?: string | undefined
}

/** What the next token of a client would contain, or why its login would be refused. */
export interface NextToken {
  /** Null: refused. */
  readonly token: {
    readonly header: {
      readonly alg: SigningAlgorithm
      readonly kid: string
      readonly typ: AccessTokenType
    }
    readonly claims: AccessTokenClaims
    /** The claims that differ in each token. */
    readonly examples: readonly string[]
    readonly expires_in: number
  } | null
  /** What `POST /api/v1/login` would answer; null: not refused. */
  readonly refusal: {
    /** Such as `client_disabled`. */
    readonly kind: string
    readonly status: number
    readonly error: string
    readonly error_description: string
  } | null
}

/** A client that requests tokens long before it needs them. */
export interface WastefulClient extends TokenUse {
  readonly org_id: string
  readonly environment: Environment
}

/** Clients that need a look, counted by why. */
export interface Hygiene {
  readonly clients: number
  readonly never_used: number
  /** Last used, or created, more than 90 days ago. */
  readonly idle: number
  /** Idle, and without a refused request in the time for which they are kept. */
  readonly safe_to_remove: number
  /** With a refused request of the last day. */
  readonly failing: number
  /** With a secret that ends within 14 days. */
  readonly secret_ends: number
  /** That request tokens long before they need them. */
  readonly wasteful: number
  readonly disabled: number
}

/** A refused request. Many of one kind in a second are one entry. */
export interface Refusal {
  readonly id: string
  readonly at: string
  /** Null: it named no known client. */
  readonly client_id: string | null
  /** Such as `wrong_secret`. */
  readonly kind: string
  /** Method and route. */
  readonly endpoint: string
  readonly status: number
  /** What else is known, such as the audience. */
  readonly detail: Readonly<Record<string, unknown>>
  readonly address: string
  readonly user_agent: string | null
  readonly request_id: string
  /** How many refusals like this one it stands for. */
  readonly times: number
}

/** Tokens and refusals over time, with an element for each hour or day. */
export interface Activity {
  readonly step_seconds: number
  readonly steps: readonly {
    readonly start: string
    readonly tokens: number
    readonly tokens_early: number
    /** By kind. */
    readonly refusals: Readonly<Record<string, number>>
  }[]
}

export interface AuditEntry {
  /** Counts from 1 without gaps. */
  readonly seq: number
  readonly at: string
  readonly actor:
    | { readonly kind: 'operator'; readonly name: string }
    | { readonly kind: 'client'; readonly client_id: string }
    | { readonly kind: 'person'; readonly person_id: string; readonly email: string }
    | { readonly kind: 'system' }
  /** Such as `secret.added`. */
  readonly action: string
  readonly target: { readonly type: string; readonly id: string }
  readonly org_id: string | null
  readonly environment: Environment | null
  readonly address: string | null
  readonly request_id: string | null
  /** The changed members; null when something was created. */
  readonly before: unknown
  readonly after: unknown
  /** SHA-256 of the chain up to this entry, hex. */
  readonly hash: string
}

/** The signed head of the whole trail. Keep it where writers of the database cannot reach it. */
export interface AuditCheckpoint {
  /** Compact JWS of `iss`, `at`, `seq`, `hash` and `first_seq`. */
  readonly checkpoint: string
  readonly iss: string
  readonly at: string
  readonly seq: number
  readonly hash: string
  readonly first_seq: number
  readonly kid: string
  readonly public_key: PublicJwk
}

/** How long data is kept, in days; null: without end. */
export interface Retention {
  /** Refused requests, and counts over time. */
  readonly activity_days: number
  readonly trail_days: number | null
  /** Null: the server has no API that serves telemetry. */
  readonly telemetry: {
    /** Of the token's organization. */
    readonly days: number | null
    /** Set for the organization; null: the installation's counts. */
    readonly own_days: number | null
  } | null
}

/** What a server runs. */
export interface ServerVersion {
  readonly version: string
  /** Full hash; null: not known. */
  readonly commit: string | null
}
