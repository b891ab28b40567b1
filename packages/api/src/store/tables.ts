/**
 * All tables of the store, for moving it between databases: both adapters have them with the same columns.
 * What is referred to comes first.
 */

import type { TableSpec } from '@modulariot/platform/storage'

export const TELEMETRY_TABLES: readonly TableSpec[] = [
  {
    name: 'observations',
    columns: {
      observation_id: 'bigint',
      org_id: 'text',
      environment: 'text',
      client_id: 'text',
      request_id: 'text',
      body_digest: 'bytea',
      asset_id: 'name',
      timestamp_ms: 'bigint',
      received_ms: 'bigint',
      payload: 'text',
    },
    identity: 'observation_id',
  },
  {
    name: 'assets',
    columns: {
      org_id: 'text',
      environment: 'text',
      asset_id: 'name',
      type: 'name',
      timestamp_ms: 'bigint',
      first_received_ms: 'bigint',
      last_received_ms: 'bigint',
      latest_observation_id: 'bigint',
    },
  },
]
