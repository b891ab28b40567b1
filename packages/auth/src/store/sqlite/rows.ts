/** From rows to records. STRICT tables hold the types; the JSON columns were written by us. */

import type { SigningAlgorithm } from '@modulariot/oauth/protocol'
import type { JWK } from 'jose'
import type { Audience } from '../../audiences/audience.ts'
import type { AuditRow } from '../../audit/entry.ts'
import type { Client, Organization } from '../../clients/client.ts'
import type { SealedKey } from '../../keys/sealed-key.ts'

export type Row = Record<string, unknown>

export function organizationOf(row: Row): Organization {
  return { org_id: row.org_id as string, name: row.name as string }
}

export function audienceOf(row: Row): Audience {
  return {
    audience: row.audience as string,
    scopes: JSON.parse(row.scopes as string) as string[],
    token_lifetime_seconds: row.token_lifetime_seconds as number,
    signing_alg: row.signing_alg as SigningAlgorithm,
  }
}

export function clientOf(row: Row): Client {
  return JSON.parse(row.document as string) as Client
}

export function auditRowOf(row: Row): AuditRow {
  return { seq: row.seq as number, entry: row.entry as string, hash: row.hash as string }
}

export function sealedKeyOf(row: Row): SealedKey {
  return {
    kid: row.kid as string,
    alg: row.alg as SigningAlgorithm,
    public_jwk: JSON.parse(row.public_jwk as string) as JWK,
    sealed: row.sealed as string,
    created_at: row.created_at as string,
    activates_at: row.activates_at as string | null,
    retires_at: row.retires_at as string | null,
  }
}
