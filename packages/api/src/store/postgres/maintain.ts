/**
 * Deletes expired data: drops whole weeks that have expired for every tenant, and deletes the rows
 * of tenants with shorter retention, some thousand at a time. Then moves old rows to chunks, and
 * old reports to blocks.
 *
 * A row is deleted once its whole week has expired, so up to a week late. Only one instance at a
 * time does this; the others return at once.
 */

import type { Postgres, RunQuery } from '@modulariot/platform/postgres'
import { firstRetainedDay } from '../request-day.ts'
import { cutoffMs } from '../retention.ts'
import type { MaintenanceReport } from '../store.ts'
import { deleteExpired } from './block-table.ts'
import { deriveChunks } from './derive.ts'
import { deriveReports } from './derive-reports.ts'
import type { MaintenanceStep } from './maintenance-step.ts'
import {
  dropWeek,
  endOfWeekMs,
  findWeeks,
  makePartitions,
  PARTITIONED,
  type Partitioned,
  partitionsBefore,
  startOfWeekMs,
  type Weeks,
} from './partitions.ts'
import { walkRequests } from './request-walk.ts'

/** An arbitrary number for the advisory lock. */
const MAINTENANCE_LOCK = 0x6d696f76
const ROWS = 2000
/** Smaller than `ROWS`, since each key is looked up in every partition. */
const KEYS = 500
const TIMEOUT_MS = 9000

interface Cutoff {
  readonly tenant: number
  readonly before_ms: number
  /** Requests of earlier days have been deleted. */
  readonly requests_from: number
}

export async function maintain(
  postgres: Postgres,
  nowMs: number,
  retentionDays: number | null,
): Promise<MaintenanceReport> {
  await makePartitions(postgres, nowMs)
  const step: MaintenanceStep = (work) =>
    postgres.transaction(
      async (query) => {
        const { rows } = await query<{ ours: boolean }>(
          'SELECT pg_try_advisory_xact_lock($1) AS ours',
          [MAINTENANCE_LOCK],
        )
        return rows[0]?.ours === true ? work(query) : null
      },
      { timeoutMs: TIMEOUT_MS },
    )
  const found = await step(async (query) => ({
    weeks: await findWeeks(query),
    ...(await findCutoffs(query, nowMs, retentionDays)),
  }))
  if (found === null) return { removedRows: 0, droppedPartitions: 0 }
  const { weeks, cutoffs, all_ms } = found
  const droppedPartitions = await dropWeeks(step, weeks, all_ms)
  const left = { ...weeks, weeks: weeks.weeks.filter((week) => endOfWeekMs(week) > all_ms) }
  let removedRows = 0
  for (const cutoff of cutoffs) {
    const { removed, ofMetrics } = await removeRows(step, left, cutoff)
    removedRows += removed + (await removeFromBlocks(step, cutoff))
    if (ofMetrics > 0 || droppedPartitions > 0) await deleteEmptyKeys(step, cutoff.tenant)
    removedRows += await removeAssets(step, cutoff)
  }
  removedRows += await removeRequests(step, cutoffs)
  await deriveChunks(step, nowMs)
  await deriveReports(step, nowMs)
  return { removedRows, droppedPartitions }
}

/** `all_ms`: older data has expired for every tenant. */
async function findCutoffs(
  query: RunQuery,
  nowMs: number,
  retentionDays: number | null,
): Promise<{ cutoffs: Cutoff[]; all_ms: number }> {
  const { rows } = await query<Pick<Cutoff, 'tenant' | 'requests_from'> & { days: number | null }>(
    `SELECT tenant, days, requests_from FROM telemetry.tenants LEFT JOIN telemetry.retention USING (org_id)
     ORDER BY tenant`,
  )
  const cutoffs: Cutoff[] = []
  let all_ms = rows.length === 0 ? Number.NEGATIVE_INFINITY : nowMs
  for (const { tenant, days, requests_from } of rows) {
    const before_ms = cutoffMs(nowMs, days ?? retentionDays)
    if (before_ms !== null) cutoffs.push({ tenant, before_ms, requests_from })
    all_ms = Math.min(all_ms, before_ms ?? Number.NEGATIVE_INFINITY)
  }
  return { cutoffs, all_ms }
}

async function dropWeeks(
  step: MaintenanceStep,
  { weeks }: Weeks,
  before_ms: number,
): Promise<number> {
  let dropped = 0
  for (const week of weeks.filter((one) => endOfWeekMs(one) <= before_ms)) {
    const done = await step((query) => dropWeek(query, week))
    if (done === null) break
    dropped += PARTITIONED.length
  }
  return dropped
}

/** Which rows have expired. $2: the time before which they have. */
const EXPIRED: Readonly<Record<Partitioned, string>> = {
  observations: 'timestamp_ms < $2',
  positions: 'timestamp_ms < $2',
  metrics: 'timestamp_ms < $2',
  events: 'timestamp_ms < $2',
  // All of its rows; they are of one week. The first condition is that of the index.
  series_chunks: 'timestamp_ms < $2 AND last_ms < $2',
}

/** `ofMetrics`: the number of deleted metric values. */
async function removeRows(
  step: MaintenanceStep,
  weeks: Weeks,
  cutoff: Cutoff,
): Promise<{ removed: number; ofMetrics: number }> {
  let removed = 0
  let ofMetrics = 0
  for (const table of PARTITIONED) {
    for (const partition of partitionsBefore(table, weeks, cutoff.before_ms)) {
      const ofPartition = await removeFrom(step, partition, EXPIRED[table], cutoff)
      removed += ofPartition
      if (table === 'metrics') ofMetrics += ofPartition
    }
  }
  return { removed, ofMetrics }
}

async function removeFrom(
  step: MaintenanceStep,
  table: string,
  expired: string,
  { tenant, before_ms }: Cutoff,
): Promise<number> {
  const text = `DELETE FROM ${table} WHERE ctid = ANY (ARRAY (
    SELECT ctid FROM ${table} WHERE tenant = $1 AND ${expired} LIMIT ${ROWS}))`
  for (let removed = 0; ; ) {
    const done = await step(async (query) => (await query(text, [tenant, before_ms])).count)
    removed += done ?? 0
    if (done === null || done < ROWS) return removed
  }
}

/** Reports in blocks, like those in rows, are deleted once their whole week has expired. */
async function removeFromBlocks(
  step: MaintenanceStep,
  { tenant, before_ms }: Cutoff,
): Promise<number> {
  const ofWeeks_ms = startOfWeekMs(before_ms)
  for (let removed = 0; ; ) {
    const count = await step((query) => deleteExpired(query, tenant, ofWeeks_ms))
    if (count === null) return removed
    removed += count
  }
}

/** Deletes requests whose data has expired, once a day for a tenant, since it reads them all. */
async function removeRequests(step: MaintenanceStep, cutoffs: readonly Cutoff[]): Promise<number> {
  const due = cutoffs.flatMap(({ tenant, before_ms, requests_from }) => {
    const day = firstRetainedDay(before_ms)
    return day > requests_from ? [{ tenant, day }] : []
  })
  if (due.length === 0) return 0
  const days = [due.map(({ tenant }) => tenant), due.map(({ day }) => day)]
  const removed = await walkRequests(step, EXPIRED_REQUESTS, days)
  if (removed !== null) await step((query) => query(NOTE_REQUESTS, days))
  return removed ?? 0
}

/** $1, $2: tenants, and the first day that each retains. */
const DAYS = 'unnest($1::bigint[], $2::bigint[]) AS retained (tenant, day)'

const EXPIRED_REQUESTS = {
  using: `USING ${DAYS}`,
  condition: 'r.tenant = retained.tenant AND r.received < retained.day',
}

const NOTE_REQUESTS = `UPDATE telemetry.tenants t SET requests_from = day FROM ${DAYS}
  WHERE t.tenant = retained.tenant`

interface AssetKey {
  readonly asset: number
  readonly key: string
}

/**
 * Deletes keys without values, since a query for the newest value of such a key would search every
 * week. The search for them takes no lock. Writes of the tenant wait only while the keys found are
 * checked again.
 */
async function deleteEmptyKeys(step: MaintenanceStep, tenant: number): Promise<void> {
  let last: AssetKey | undefined = { asset: 0, key: '' }
  while (last !== undefined) last = await deleteEmptyKeysAfter(step, tenant, last)
}

/** @returns the last key that was examined. */
async function deleteEmptyKeysAfter(
  step: MaintenanceStep,
  tenant: number,
  { asset, key }: AssetKey,
): Promise<AssetKey | undefined> {
  const examined = await step(async (query) => {
    const after = [tenant, asset, key]
    const { rows } = await query<AssetKey & { empty: boolean }>(FIND_EMPTY_KEYS, after)
    const empty = rows.filter((row) => row.empty)
    if (empty.length > 0) {
      await query(LOCK_TENANT, [tenant])
      const names = [empty.map((row) => row.asset), empty.map((row) => row.key)]
      await query(DELETE_EMPTY_KEYS, [tenant, ...names])
    }
    return rows
  })
  return examined?.at(-1)
}

/** One index probe per key and partition, as for assets below. */
const VALUE = `LEFT JOIN LATERAL (SELECT true AS some FROM telemetry.metrics m
    WHERE m.tenant = $1 AND m.asset = examined.asset AND m.key = examined.key LIMIT 1) AS value ON true`

/** $2, $3: return keys after this asset and key. */
const FIND_EMPTY_KEYS = `WITH examined AS MATERIALIZED (
    SELECT asset, key FROM telemetry.metric_keys
    WHERE tenant = $1 AND (asset, key) > ($2::bigint, $3::text) ORDER BY asset, key LIMIT ${KEYS}
  )
  SELECT asset, key, value.some IS NULL AS empty FROM examined ${VALUE} ORDER BY asset, key`

/** $2, $3: assets and their keys. */
const DELETE_EMPTY_KEYS = `WITH examined AS MATERIALIZED (
    SELECT asset, key FROM unnest($2::bigint[], $3::text[]) AS a (asset, key)
  ),
  empty AS (SELECT asset, key FROM examined ${VALUE} WHERE value.some IS NULL)
  DELETE FROM telemetry.metric_keys k USING empty
  WHERE k.tenant = $1 AND k.asset = empty.asset AND k.key = empty.key`

/** Blocks writes of the tenant, so that the next statement sees all of its data. */
const LOCK_TENANT = 'SELECT 1 FROM telemetry.tenants WHERE tenant = $1 FOR UPDATE'

/** Deletes assets that have reported nothing since. Blocks writes of the tenant. */
async function removeAssets(step: MaintenanceStep, { tenant, before_ms }: Cutoff): Promise<number> {
  let removed = 0
  for (let last: string | null = ''; last !== null; ) {
    const after: string = last
    const done = await step(async (query) => {
      await query(LOCK_TENANT, [tenant])
      const { rows } = await query<{ last: string | null; removed: number }>(REMOVE_ASSETS, [
        tenant,
        after,
        before_ms,
      ])
      return rows[0]
    })
    removed += done?.removed ?? 0
    last = done?.last ?? null
  }
  return removed
}

/**
 * One index probe per asset and partition; for a plain join the planner might scan the whole table.
 */
function leftIn(table: string): string {
  return `LEFT JOIN LATERAL (SELECT true AS some FROM telemetry.${table} t
      WHERE t.tenant = $1 AND t.asset = stale.asset LIMIT 1) AS ${table} ON true`
}

/**
 * `last`: the last asset that was examined; null if there was none. An asset with data left is
 * kept: an event or a value may be newer than its report, or its week may not have expired.
 */
const REMOVE_ASSETS = `WITH
  examined AS (
    SELECT asset, asset_id, timestamp_ms FROM telemetry.assets
    WHERE tenant = $1 AND asset_id > $2 ORDER BY asset_id LIMIT ${ROWS}
  ),
  stale AS MATERIALIZED (SELECT asset FROM examined WHERE timestamp_ms < $3),
  empty AS (
    SELECT asset FROM stale
    ${['positions', 'metrics', 'events'].map(leftIn).join('\n    ')}
    WHERE positions.some IS NULL AND metrics.some IS NULL AND events.some IS NULL
  ),
  removed AS (
    DELETE FROM telemetry.assets a USING empty WHERE a.asset = empty.asset RETURNING a.asset
  ),
  deleted_keys AS (
    DELETE FROM telemetry.metric_keys k USING removed
    WHERE k.tenant = $1 AND k.asset = removed.asset
  )
  SELECT (SELECT max(asset_id) FROM examined) AS last, (SELECT count(*) FROM removed) AS removed`
