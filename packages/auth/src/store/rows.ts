/**
 * Converts rows to records. The tables guarantee the types; JSON arrives as text that we wrote.
 */

import type { AccessTokenType, SigningAlgorithm } from '@modulariot/oauth/protocol'
import type { JWK } from 'jose'
import type { Audience } from '../records/audience.ts'
import type { AuditRow } from '../records/audit-entry.ts'
import {
  type Client,
  type ClientRecord,
  DEFAULT_ASSERTION_POLICY,
  type EffectiveGrant,
  type Organization,
} from '../records/client.ts'
import type { SealedKey } from '../records/sealed-key.ts'
import type { Instance } from './ports/instances.ts'

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
    token_typ: row.token_typ as AccessTokenType,
  }
}

/** Members that documents of earlier versions do not have. */
const LATER_MEMBERS: Pick<Client, 'default_audience' | 'jwks_uri' | 'assertions'> = {
  default_audience: null,
  jwks_uri: null,
  assertions: DEFAULT_ASSERTION_POLICY,
}

export function clientOf(row: Row): Client {
  return { ...LATER_MEMBERS, ...(JSON.parse(row.document as string) as Client) }
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

export function instanceOf(row: Row): Instance {
  return {
    instance_id: row.instance_id as string,
    name: row.name as string,
    key_ids: JSON.parse(row.key_ids as string) as string[],
    until: row.until as number,
  }
}

/** What a client needs to know of the audiences that it is granted. */
export type GrantedAudience = Omit<EffectiveGrant, 'scopes'>

export function clientRecordOf(row: Row): ClientRecord {
  return withGrants(clientOf(row), JSON.parse(row.audiences as string) as GrantedAudience[])
}

/**
 * A grant whose audience no longer exists grants nothing.
 *
 * @param audiences may be more than the client is granted.
 */
export function withGrants(client: Client, audiences: readonly GrantedAudience[]): ClientRecord {
  const grants = client.grants.flatMap((grant) => {
    const audience = audiences.find((candidate) => candidate.audience === grant.audience)
    return audience === undefined ? [] : [{ ...audience, scopes: grant.scopes }]
  })
  return { ...client, grants }
}
