/**
 * Writes a batch of observations in one transaction, in a few statements of many rows.
 *
 * It locks the rows of its tenants first, so that batches of a tenant run one at a time over all
 * instances: the feed has no gaps that fill later, requests are looked up and recorded without a
 * race, and transactions cannot deadlock.
 */

import type { RunQuery } from '@modulariot/platform/postgres'
import { type AssetState, nextState } from '../asset-state.ts'
import type { AppendOutcome, Observation, Tenant } from '../store.ts'
import { tenantName } from '../tenant-name.ts'
import { insertRows, type Stored } from './insert-rows.ts'

interface TenantRow extends Tenant {
  readonly tenant: number
  last_seq: number
}

/** @param query runs statements in a transaction. */
export async function appendBatch(
  query: RunQuery,
  batch: readonly Observation[],
): Promise<AppendOutcome[]> {
  // 1. Lock the tenants.
  const tenants = await lockTenants(query, batch)
  const tenantRowOf = (one: Tenant) => tenants.get(tenantName(one)) as TenantRow
  // 2. Which requests are retries or reused ids?
  const outcomes = await findOutcomes(query, batch, tenantRowOf)
  const stored = batch.flatMap((one, index): Omit<Stored, 'asset'>[] => {
    if (outcomes[index] !== 'stored') return []
    const row = tenantRowOf(one)
    row.last_seq++
    return [{ one, tenant: row.tenant, seq: row.last_seq }]
  })
  if (stored.length === 0) return outcomes
  // 3. Store the others.
  const assets = await updateAssets(query, stored)
  await insertRows(
    query,
    stored.map((row) => ({ ...row, asset: assets.get(assetName(row)) as number })),
    [...tenants.values()],
  )
  return outcomes
}

const assetName = ({ tenant, one }: Omit<Stored, 'asset'>): string => `${tenant} ${one.asset_id}`

/** Locks the rows in one order, so that transactions cannot deadlock. Creates missing ones. */
async function lockTenants(
  query: RunQuery,
  batch: readonly Observation[],
): Promise<Map<string, TenantRow>> {
  const distinct = [...new Map(batch.map((one) => [tenantName(one), one])).values()]
  const values = [
    distinct.map(({ org_id }) => org_id),
    distinct.map(({ environment }) => environment),
  ]
  for (;;) {
    const { rows } = await query<TenantRow>(LOCK_TENANTS, values)
    if (rows.length === distinct.length) return new Map(rows.map((row) => [tenantName(row), row]))
    await query(CREATE_TENANTS, values)
  }
}

const LOCK_TENANTS = {
  name: 'telemetry_lock_tenants',
  text: `SELECT t.tenant, t.org_id, t.environment, t.last_seq
    FROM telemetry.tenants t
    JOIN unnest($1::text[], $2::text[]) AS a (org_id, environment) USING (org_id, environment)
    ORDER BY t.tenant FOR UPDATE OF t`,
}

const CREATE_TENANTS = `INSERT INTO telemetry.tenants (org_id, environment, last_seq)
  SELECT org_id, environment, 0 FROM unnest($1::text[], $2::text[]) AS a (org_id, environment)
  ORDER BY 1, 2 ON CONFLICT DO NOTHING`

async function findOutcomes(
  query: RunQuery,
  batch: readonly Observation[],
  tenantRowOf: (one: Tenant) => TenantRow,
): Promise<AppendOutcome[]> {
  const { rows } = await query<{ ordinal: number; body_digest: Buffer }>(FIND_REQUESTS, [
    batch.map((one) => tenantRowOf(one).tenant),
    batch.map(({ client_id }) => client_id),
    batch.map(({ request_id }) => request_id),
    batch.map(({ item }) => item),
  ])
  const before = new Map(rows.map(({ ordinal, body_digest }) => [ordinal, body_digest]))
  const within = new Map<string, Uint8Array>()
  return batch.map((one, index) => {
    const name = `${tenantName(one)} ${one.client_id} ${one.item} ${one.request_id}`
    const first = before.get(index + 1) ?? within.get(name)
    if (first === undefined) {
      within.set(name, one.body_digest)
      return 'stored'
    }
    return Buffer.compare(first, one.body_digest) === 0 ? 'replayed' : 'conflict'
  })
}

const FIND_REQUESTS = {
  name: 'telemetry_find_requests',
  text: `SELECT a.ordinal, r.body_digest
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) WITH ORDINALITY
      AS a (tenant, client_id, request_id, item, ordinal)
    JOIN telemetry.requests r USING (tenant, client_id, request_id, item)`,
}

interface AssetRow extends AssetState {
  readonly tenant: number
  readonly asset_id: string
}

/** Updates the states of the assets. @returns the asset numbers, by name. */
async function updateAssets(
  query: RunQuery,
  stored: readonly Omit<Stored, 'asset'>[],
): Promise<Map<string, number>> {
  const distinct = [...new Map(stored.map((row) => [assetName(row), row])).values()]
  const { rows } = await query<AssetRow>(FIND_ASSETS, [
    distinct.map(({ tenant }) => tenant),
    distinct.map(({ one }) => one.asset_id),
  ])
  const states = new Map<string, AssetState>(
    rows.map(({ tenant, asset_id, ...state }) => [`${tenant} ${asset_id}`, state]),
  )
  for (const row of stored) {
    states.set(assetName(row), nextState(states.get(assetName(row)), row.one, row.seq))
  }
  const newStates = distinct.map((row) => states.get(assetName(row)) as AssetState)
  const { rows: numbers } = await query<{ tenant: number; asset_id: string; asset: number }>(
    UPDATE_ASSETS,
    [
      distinct.map(({ tenant }) => tenant),
      distinct.map(({ one }) => one.asset_id),
      newStates.map(({ type }) => type),
      newStates.map(({ timestamp_ms }) => timestamp_ms),
      newStates.map(({ first_received_ms }) => first_received_ms),
      newStates.map(({ last_received_ms }) => last_received_ms),
      newStates.map(({ latest_seq }) => latest_seq),
    ],
  )
  return new Map(numbers.map(({ tenant, asset_id, asset }) => [`${tenant} ${asset_id}`, asset]))
}

const FIND_ASSETS = {
  name: 'telemetry_find_assets',
  text: `SELECT tenant, asset_id, type, timestamp_ms, first_received_ms, last_received_ms, latest_seq
    FROM unnest($1::bigint[], $2::text[]) AS a (tenant, asset_id)
    JOIN telemetry.assets USING (tenant, asset_id)`,
}

const UPDATE_ASSETS = {
  name: 'telemetry_update_assets',
  text: `INSERT INTO telemetry.assets (tenant, asset_id, type, timestamp_ms, first_received_ms,
      last_received_ms, latest_seq)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[],
      $6::bigint[], $7::bigint[])
    ON CONFLICT (tenant, asset_id) DO UPDATE SET
      type = excluded.type,
      timestamp_ms = excluded.timestamp_ms,
      last_received_ms = excluded.last_received_ms,
      latest_seq = excluded.latest_seq
    RETURNING tenant, asset_id, asset`,
}
