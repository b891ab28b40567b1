/**
 * All tables of the store, for copying it between databases. Both adapters have the same columns.
 * Each table comes after those it refers to.
 */

import type { TableSpec } from '@modulariot/platform/storage'

export const TELEMETRY_TABLES: readonly TableSpec[] = [
  {
    name: 'tenants',
    columns: {
      tenant: 'bigint',
      org_id: 'text',
      environment: 'text',
      last_seq: 'bigint',
      requests_from: 'bigint',
    },
    identity: 'tenant',
  },
  {
    name: 'assets',
    columns: {
      asset: 'bigint',
      tenant: 'bigint',
      asset_id: 'text',
      type: 'text',
      timestamp_ms: 'bigint',
      first_received_ms: 'bigint',
      last_received_ms: 'bigint',
      latest_seq: 'bigint',
    },
    identity: 'asset',
  },
  {
    name: 'observations',
    columns: {
      tenant: 'bigint',
      seq: 'bigint',
      asset: 'bigint',
      timestamp_ms: 'bigint',
      received_ms: 'bigint',
      payload: 'text',
    },
  },
  {
    name: 'report_blocks',
    columns: {
      tenant: 'bigint',
      until_seq: 'bigint',
      reports: 'bigint',
      min_ms: 'bigint',
      max_ms: 'bigint',
      head: 'bytea',
      payloads: 'bytea',
    },
  },
  {
    name: 'requests',
    columns: {
      tenant: 'bigint',
      hash: 'bytea',
      asset: 'bigint',
      digest: 'bytea',
      received: 'bigint',
    },
  },
  {
    name: 'positions',
    columns: {
      tenant: 'bigint',
      asset: 'bigint',
      timestamp_ms: 'bigint',
      seq: 'bigint',
      latitude: 'double',
      longitude: 'double',
      altitude: 'double',
      speed: 'double',
      heading: 'double',
      accuracy: 'double',
      satellites: 'double',
    },
  },
  {
    name: 'metrics',
    columns: {
      tenant: 'bigint',
      asset: 'bigint',
      key: 'text',
      timestamp_ms: 'bigint',
      sequence: 'bigint',
      seq: 'bigint',
      item: 'bigint',
      number: 'double',
      json: 'text',
      unit: 'text',
      source: 'text',
      quality: 'text',
    },
  },
  {
    name: 'series_chunks',
    columns: {
      tenant: 'bigint',
      asset: 'bigint',
      series: 'text',
      timestamp_ms: 'bigint',
      sequence: 'bigint',
      seq: 'bigint',
      item: 'bigint',
      last_ms: 'bigint',
      data: 'bytea',
    },
  },
  {
    name: 'events',
    columns: {
      tenant: 'bigint',
      timestamp_ms: 'bigint',
      seq: 'bigint',
      item: 'bigint',
      asset: 'bigint',
      event_type: 'text',
      severity: 'text',
      payload: 'text',
    },
  },
  // Only PostgreSQL has it; a trigger fills it from the metrics.
  {
    name: 'metric_keys',
    columns: { tenant: 'bigint', asset: 'bigint', key: 'text' },
    derived: true,
  },
  { name: 'erasures', columns: { asset: 'bigint', tenant: 'bigint', asset_id: 'text' } },
  { name: 'retention', columns: { org_id: 'text', days: 'bigint' } },
]
