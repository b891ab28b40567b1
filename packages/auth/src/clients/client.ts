/** The client record: a machine (or a fleet of them) that may ask for tokens. */

import type { Environment, SigningAlgorithm } from '@modulariot/oauth/protocol'

export interface Organization {
  readonly org_id: string
  readonly name: string
}

export interface Client {
  readonly client_id: string
  readonly name: string
  readonly org_id: string
  readonly environment: Environment
  readonly status: 'active' | 'disabled'
  /** Overrides the audience's lifetime; null keeps it. */
  readonly token_lifetime_seconds: number | null
  /** ISO 8601. */
  readonly created_at: string
}

/** The scopes one client may have at one audience. */
export interface Grant {
  readonly audience: string
  readonly scopes: readonly string[]
}

/** A secret as it is kept: never the secret itself. */
export interface StoredSecret {
  readonly secret_id: string
  /** HMAC-SHA-256 under the server's key, base64url. */
  readonly digest: string
  /** ISO 8601. */
  readonly created_at: string
}

/** What an audience says about its tokens, beside what the client may do there. */
export interface EffectiveGrant extends Grant {
  readonly token_lifetime_seconds: number
  readonly signing_alg: SigningAlgorithm
}

/** Everything a token request needs to know about a client, in one read. */
export interface ClientRecord extends Client {
  readonly secrets: readonly StoredSecret[]
  readonly grants: readonly EffectiveGrant[]
}
