/** From rows to records. STRICT tables hold the types; the JSON columns were written by us. */

import type { Environment, SigningAlgorithm } from '@modulariot/oauth/protocol'
import type { JWK } from 'jose'
import type { Audience } from '../../audiences/audience.ts'
import type {
  Client,
  ClientRecord,
  EffectiveGrant,
  Organization,
  StoredSecret,
} from '../../clients/client.ts'
import type { SealedKey } from '../../keys/sealed-key.ts'

type Row = Record<string, unknown>

const list = (column: unknown): string[] => JSON.parse(column as string) as string[]

export function organizationOf(row: Row): Organization {
  return { org_id: row.org_id as string, name: row.name as string }
}

export function audienceOf(row: Row): Audience {
  return {
    audience: row.audience as string,
    scopes: list(row.scopes),
    token_lifetime_seconds: row.token_lifetime_seconds as number,
    signing_alg: row.signing_alg as SigningAlgorithm,
  }
}

export function clientOf(row: Row): Client {
  return {
    client_id: row.client_id as string,
    name: row.name as string,
    org_id: row.org_id as string,
    environment: row.environment as Environment,
    status: row.status as Client['status'],
    token_lifetime_seconds: row.token_lifetime_seconds as number | null,
    created_at: row.created_at as string,
  }
}

/** A client row with its secrets and grants as JSON columns. */
export function clientRecordOf(row: Row): ClientRecord {
  return {
    ...clientOf(row),
    secrets: JSON.parse(row.secrets as string) as StoredSecret[],
    grants: JSON.parse(row.grants as string) as EffectiveGrant[],
  }
}

export function sealedKeyOf(row: Row): SealedKey {
  return {
    kid: row.kid as string,
    alg: row.alg as SigningAlgorithm,
    public_jwk: JSON.parse(row.public_jwk as string) as JWK,
    sealed: row.sealed as string,
    created_at: row.created_at as string,
  }
}
