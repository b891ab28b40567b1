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
  // 2. Which requests are retries or reused ids, and what is the state of their assets?
  const { outcomes, states } = await findOutcomes(query, batch, tenantRowOf)
  const stored = batch.flatMap((one, index): Omit<Stored, 'asset'>[] => {
    if (outcomes[index] !== 'stored') return []
    const row = tenantRowOf(one)
    row.last_seq++
    return [{ one, tenant: row.tenant, seq: row.last_seq }]
  })
  if (stored.length === 0) return outcomes
  // 3. Store the others.
  const assets = await updateAssets(query, stored, states)
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

interface AssetRow extends AssetState {
  readonly tenant: number
  readonly asset_id: string
}

interface FoundRow extends AssetRow {
  readonly ordinal: number
  /** Null for a new request. */
  readonly body_digest: Buffer | null
}

/** Also returns the states of the assets, by name, which the same query reads. */
async function findOutcomes(
  query: RunQuery,
  batch: readonly Observation[],
  tenantRowOf: (one: Tenant) => TenantRow,
): Promise<{ outcomes: AppendOutcome[]; states: Map<string, AssetState> }> {
  const { rows } = await query<FoundRow>(FIND_REQUESTS, [
    batch.map((one) => tenantRowOf(one).tenant),
    batch.map(({ client_id }) => client_id),
    batch.map(({ request_id }) => request_id),
    batch.map(({ item }) => item),
    batch.map(({ asset_id }) => asset_id),
  ])
  const before = new Map<number, Buffer>()
  const states = new Map<string, AssetState>()
  for (const { ordinal, body_digest, tenant, asset_id, ...state } of rows) {
    if (body_digest !== null) before.set(ordinal, body_digest)
    states.set(`${tenant} ${asset_id}`, state)
  }
  const within = new Map<string, Uint8Array>()
  const outcomes = batch.map((one, index): AppendOutcome => {
    const { client_id, item, request_id, asset_id } = one
    const name = `${tenantName(one)} ${client_id} ${item} ${request_id} ${asset_id}`
    const first = before.get(index + 1) ?? within.get(name)
    if (first === undefined) {
      within.set(name, one.body_digest)
      return 'stored'
    }
    return Buffer.compare(first, one.body_digest) === 0 ? 'replayed' : 'conflict'
  })
  return { outcomes, states }
}

/** An asset that is not known yet has no row here, and no requests. */
const FIND_REQUESTS = {
  name: 'telemetry_find_requests',
  text: `SELECT a.ordinal, r.body_digest, s.tenant, s.asset_id, s.type, s.timestamp_ms,
      s.first_received_ms, s.last_received_ms, s.latest_seq
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[]) WITH ORDINALITY
      AS a (tenant, client_id, request_id, item, asset_id, ordinal)
    JOIN telemetry.assets s USING (tenant, asset_id)
    LEFT JOIN telemetry.requests r ON r.tenant = a.tenant AND r.client_id = a.client_id
      AND r.request_id = a.request_id AND r.item = a.item AND r.asset = s.asset`,
}

/** Updates the states of the assets, in `states` too. @returns the asset numbers, by name. */
async function updateAssets(
  query: RunQuery,
  stored: readonly Omit<Stored, 'asset'>[],
  states: Map<string, AssetState>,
): Promise<Map<string, number>> {
  const distinct = [...new Map(stored.map((row) => [assetName(row), row])).values()]
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
