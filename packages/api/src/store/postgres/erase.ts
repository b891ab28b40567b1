/**
 * Erases assets, some thousand rows at a time, so that other transactions run in between. What was
 * erased stays in the files as dead rows until VACUUM, which `compact` runs.
 */

import type { Postgres, RunQuery } from '@modulariot/platform/postgres'
import type { Tenant } from '../store.ts'
import { deleteOfAssets } from './block-table.ts'
import { PARTITIONED } from './partitions.ts'
import { walkRequests } from './request-walk.ts'

const ROWS = 2000
/** Rows that a step examines where no index leads to those of an asset. */
const SCANNED = 20_000
const TIMEOUT_MS = 9000
const VACUUM_TIMEOUT_MS = 3_600_000

/**
 * Detaches the asset: from now on it does not exist, and a report makes a new one.
 *
 * @returns false when there is no such asset, and none is being erased.
 */
export function beginErasure(
  postgres: Postgres,
  { org_id, environment }: Tenant,
  asset_id: string,
): Promise<boolean> {
  return postgres.transaction(async (query) => {
    // Writes of the tenant lock its row too, so none of them is under way here.
    const { rows } = await query<{ tenant: number }>(
      `SELECT tenant FROM telemetry.tenants WHERE org_id = $1 AND environment = $2 FOR UPDATE`,
      [org_id, environment],
    )
    const [row] = rows
    if (row === undefined) return false
    await query(
      `WITH gone AS (
         DELETE FROM telemetry.assets WHERE tenant = $1 AND asset_id = $2
         RETURNING asset, tenant, asset_id)
       INSERT INTO telemetry.erasures SELECT asset, tenant, asset_id FROM gone`,
      [row.tenant, asset_id],
    )
    const known = await query(
      'SELECT 1 FROM telemetry.erasures WHERE tenant = $1 AND asset_id = $2 LIMIT 1',
      [row.tenant, asset_id],
    )
    return known.count > 0
  })
}

/** Assets of one tenant, erased together: the scan of its observations is the same for all. */
interface Erasures {
  readonly assets: readonly number[]
  readonly tenant: number
}

const TOGETHER = 100

/** Erases all assets whose erasure has begun, also before a crash. Several instances may do it. */
export async function finishErasures(postgres: Postgres): Promise<void> {
  for (;;) {
    const { rows } = await postgres.query<{ asset: number; tenant: number }>(
      `SELECT asset, tenant FROM telemetry.erasures
       WHERE tenant = (SELECT tenant FROM telemetry.erasures ORDER BY asset LIMIT 1)
       ORDER BY asset LIMIT ${TOGETHER}`,
    )
    const [first] = rows
    if (first === undefined) return
    await eraseRows(postgres, { assets: rows.map(({ asset }) => asset), tenant: first.tenant })
  }
}

async function eraseRows(postgres: Postgres, erasures: Erasures): Promise<void> {
  const step = <Result>(work: (query: RunQuery) => Promise<Result>): Promise<Result> =>
    postgres.transaction(work, { timeoutMs: TIMEOUT_MS })
  for (const table of PARTITIONED) {
    for (const partition of await partitionsOf(postgres, table)) {
      if (table === 'observations') await eraseObservations(step, partition, erasures)
      else await eraseFound(step, partition, erasures)
    }
  }
  await eraseFound(step, 'telemetry.metric_keys', erasures)
  await eraseFromBlocks(step, erasures)
  await walkRequests(step, REQUESTS_OF, [erasures.tenant, erasures.assets])
  await postgres.query('DELETE FROM telemetry.erasures WHERE asset = ANY ($1::bigint[])', [
    erasures.assets,
  ])
}

type Step = <Result>(work: (query: RunQuery) => Promise<Result>) => Promise<Result>

async function partitionsOf(postgres: Postgres, table: string): Promise<string[]> {
  const { rows } = await postgres.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = $1::regclass ORDER BY 1`,
    [`telemetry.${table}`],
  )
  return rows.map(({ name }) => name)
}

/** Where an index begins with tenant and asset. */
async function eraseFound(step: Step, table: string, { assets, tenant }: Erasures): Promise<void> {
  const text = `DELETE FROM ${table} WHERE ctid = ANY (ARRAY (
    SELECT ctid FROM ${table} WHERE tenant = $1 AND asset = $2 LIMIT ${ROWS}))`
  for (const asset of assets) {
    for (let removed = ROWS; removed === ROWS; ) {
      removed = (await step((query) => query(text, [tenant, asset]))).count
    }
  }
}

const REQUESTS_OF = { using: '', condition: 'r.tenant = $1 AND r.asset = ANY ($2::bigint[])' }

/** Along the primary key, which begins with tenant and seq. */
async function eraseObservations(
  step: Step,
  partition: string,
  { assets, tenant }: Erasures,
): Promise<void> {
  const text = `WITH scanned AS MATERIALIZED (
      SELECT ctid AS place, asset AS owner, seq FROM ${partition}
      WHERE tenant = $1 AND seq > $3 ORDER BY seq LIMIT ${SCANNED}),
    gone AS (
      DELETE FROM ${partition} t USING scanned s
      WHERE t.ctid = s.place AND s.owner = ANY ($2::bigint[]) AND t.asset = s.owner)
    SELECT max(seq) AS last FROM scanned`
  for (let last: number | null = 0; last !== null; ) {
    const values: unknown[] = [tenant, assets, last]
    const { rows } = await step((query) => query<{ last: number | null }>(text, values))
    last = rows[0]?.last ?? null
  }
}

/** After the rows, so that none of them is moved into a block later. */
async function eraseFromBlocks(step: Step, { assets, tenant }: Erasures): Promise<void> {
  const erased = new Set(assets)
  for (let after: number | null = 0; after !== null; ) {
    const from: number = after
    after = await step((query) => deleteOfAssets(query, tenant, erased, from))
  }
}

/** Lets PostgreSQL reuse the space of dead rows, and overwrite it. */
export async function compact(postgres: Postgres): Promise<void> {
  const tables = [...PARTITIONED, 'report_blocks', 'requests', 'metric_keys', 'assets', 'erasures']
  for (const table of tables) {
    await postgres.query(`VACUUM telemetry.${table}`, [], { timeoutMs: VACUUM_TIMEOUT_MS })
  }
}
