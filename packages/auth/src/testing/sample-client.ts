/** A client for tests to start from: nothing granted, no secret, no keys. Not for the program. */

import type { Client, ClientRecord, StoredSecret } from '../records/client.ts'

export const SAMPLE_TIME = '2026-01-02T03:04:05.678Z'

export function sampleClient(changes: Partial<Client> = {}): Client {
  return {
    client_id: 'client_1',
    name: 'Truck fleet',
    org_id: 'org_1',
    environment: 'production',
    status: 'active',
    external_id: null,
    tags: [],
    token_lifetime_seconds: null,
    grants: [],
    default_audience: null,
    secrets: [],
    keys: [],
    jwks_uri: null,
    assertions: { audience: 'any', jti: 'required' },
    allowlist: { mode: 'off', cidrs: [] },
    quota: { mode: 'observe', tokens_per_hour: null, tokens_per_day: null },
    tokens_revoked_until: null,
    resource_server_for: [],
    created_at: SAMPLE_TIME,
    updated_at: SAMPLE_TIME,
    version: 1,
    ...changes,
  }
}

export function sampleRecord(changes: Partial<ClientRecord> = {}): ClientRecord {
  return { ...sampleClient(), grants: [], ...changes }
}

export function sampleSecret(secret_id: string, changes: Partial<StoredSecret> = {}): StoredSecret {
  const digest = 'D'.repeat(43)
  return { secret_id, label: '', digest, created_at: SAMPLE_TIME, expires_at: null, ...changes }
}
