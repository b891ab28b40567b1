/**
 * All tables of the store, for moving it between databases: both adapters have the same columns. A
 * referenced table comes before the tables that refer to it.
 */

import type { TableSpec } from '@modulariot/platform/storage'

export const AUTH_TABLES: readonly TableSpec[] = [
  { name: 'organizations', columns: { org_id: 'text', name: 'text' } },
  {
    name: 'audiences',
    columns: {
      audience: 'text',
      scopes: 'json',
      token_lifetime_seconds: 'bigint',
      signing_alg: 'text',
      token_typ: 'text',
    },
  },
  {
    name: 'clients',
    columns: {
      client_id: 'text',
      org_id: 'text',
      environment: 'text',
      external_id: 'text',
      document: 'json',
      changed_by: 'bigint',
    },
  },
  {
    name: 'signing_keys',
    columns: {
      kid: 'text',
      alg: 'text',
      public_jwk: 'json',
      sealed: 'text',
      created_at: 'text',
      activates_at: 'text',
      retires_at: 'text',
    },
  },
  { name: 'audit', columns: { seq: 'bigint', entry: 'json', hash: 'text' } },
  { name: 'audit_base', columns: { seq: 'bigint', checkpoint: 'text' } },
  {
    name: 'idempotency',
    columns: {
      org_id: 'text',
      environment: 'text',
      key: 'text',
      digest: 'text',
      answer: 'json',
      until: 'bigint',
    },
  },
  { name: 'assertions', columns: { client_id: 'text', jti: 'text', until: 'bigint' } },
  {
    name: 'client_usage',
    columns: {
      client_id: 'text',
      tokens_issued: 'bigint',
      tokens_early: 'bigint',
      over_quota: 'bigint',
      last_issued_at: 'text',
      living: 'json',
    },
  },
  {
    name: 'secret_usage',
    columns: {
      secret_id: 'text',
      uses: 'bigint',
      last_used_at: 'text',
      address: 'text',
      user_agent: 'text',
    },
  },
  {
    name: 'revocations',
    columns: {
      seq: 'bigint',
      id: 'text',
      kind: 'text',
      subject: 'text',
      client_id: 'text',
      issued_until: 'bigint',
      expires: 'bigint',
    },
  },
  {
    name: 'token_quotas',
    columns: {
      client_id: 'text',
      hour: 'bigint',
      hour_tokens: 'bigint',
      day: 'bigint',
      day_tokens: 'bigint',
    },
  },
  {
    name: 'revision',
    columns: { value: 'bigint', keys: 'bigint', feed_seq: 'bigint', feed_id: 'text' },
    singleton: true,
  },
]
