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
      search_text: 'text',
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
    name: 'instances',
    columns: { instance_id: 'text', name: 'text', key_ids: 'json', until: 'bigint' },
  },
  { name: 'former_checkpoint_keys', columns: { kid: 'text', voucher: 'text' } },
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
    name: 'client_addresses',
    columns: {
      client_id: 'text',
      address: 'text',
      first_seen: 'bigint',
      last_seen: 'bigint',
      logins: 'bigint',
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
    name: 'people',
    columns: {
      id: 'text',
      name: 'text',
      email: 'text',
      email_verified: 'bigint',
      image: 'text',
      two_factor_enabled: 'bigint',
      disabled: 'bigint',
      created_at: 'text',
      updated_at: 'text',
    },
  },
  {
    name: 'people_sessions',
    columns: {
      id: 'text',
      person_id: 'text',
      token: 'text',
      ip_address: 'text',
      user_agent: 'text',
      expires_at: 'text',
      created_at: 'text',
      updated_at: 'text',
    },
  },
  {
    name: 'people_accounts',
    columns: {
      id: 'text',
      person_id: 'text',
      account_id: 'text',
      provider_id: 'text',
      access_token: 'text',
      refresh_token: 'text',
      id_token: 'text',
      access_token_expires_at: 'text',
      refresh_token_expires_at: 'text',
      scope: 'text',
      password: 'text',
      created_at: 'text',
      updated_at: 'text',
    },
  },
  {
    name: 'people_verifications',
    columns: {
      id: 'text',
      identifier: 'text',
      value: 'text',
      expires_at: 'text',
      created_at: 'text',
      updated_at: 'text',
    },
  },
  {
    name: 'people_two_factors',
    columns: {
      id: 'text',
      person_id: 'text',
      secret: 'text',
      backup_codes: 'text',
      verified: 'bigint',
      failed_verification_count: 'bigint',
      locked_until: 'text',
    },
  },
  {
    name: 'members',
    columns: { org_id: 'text', person_id: 'text', role: 'text', created_at: 'text' },
  },
  {
    name: 'invitations',
    columns: {
      invitation_id: 'text',
      org_id: 'text',
      email: 'text',
      role: 'text',
      token_digest: 'text',
      expires_at: 'text',
      created_at: 'text',
      invited_by: 'text',
    },
  },
  {
    name: 'refusals',
    columns: {
      id: 'text',
      org_id: 'text',
      environment: 'text',
      client_id: 'text',
      kind: 'text',
      endpoint: 'text',
      status: 'bigint',
      detail: 'json',
      address: 'text',
      user_agent: 'text',
      request_id: 'text',
      times: 'bigint',
    },
  },
  {
    name: 'activity',
    columns: {
      org_id: 'text',
      environment: 'text',
      client_id: 'text',
      start: 'bigint',
      kind: 'text',
      count: 'bigint',
    },
  },
  {
    name: 'revision',
    columns: { value: 'bigint', keys: 'bigint', feed_seq: 'bigint', feed_id: 'text' },
    singleton: true,
  },
]
