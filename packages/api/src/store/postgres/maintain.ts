/**
 * Removes what is older than it may be: whole weeks where nobody keeps them, and the rows of those who keep
 * less long, some thousand at a time.
 *
 * A row goes when its week is over as a whole, so up to a week later than asked for. One instance at a time
 * does it; the others find nothing to do.
 */

import type { Postgres, RunQuery } from '@modulariot/platform/postgres'
import { cutoffMs } from '../retention.ts'
import type { MaintenanceReport } from '../store.ts'
import {
  dropWeek,
  endOfWeekMs,
  findWeeks,
  makePartitions,
  PARTITIONED,
  partitionsBefore,
  type Weeks,
} from './partitions.ts'

/** Any number that is ours alone. */
const MAINTENANCE_LOCK = 0x6d696f76
const ROWS = 2000
const TIMEOUT_MS = 9000

interface Cutoff {
  readonly tenant: number
  readonly before_ms: number
}

/** Runs in a transaction, if nobody else is at it. Null: somebody is. */
type Step = <Result>(work: (query: RunQuery) => Promise<Result>) => Promise<Result | null>

export async function maintain(
  postgres: Postgres,
  nowMs: number,
  retentionDays: number | null,
): Promise<MaintenanceReport> {
  await makePartitions(postgres, nowMs)
  const step: Step = (work) =>
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
  for (const cutoff of cutoffs) removedRows += await removeRows(step, left, cutoff)
  return { removedRows, droppedPartitions }
}

/** `all_ms`: nobody keeps anything that is older. */
async function findCutoffs(
  query: RunQuery,
  nowMs: number,
  retentionDays: number | null,
): Promise<{ cutoffs: Cutoff[]; all_ms: number }> {
  const { rows } = await query<{ tenant: number; days: number | null }>(
    `SELECT tenant, days FROM telemetry.tenants LEFT JOIN telemetry.retention USING (org_id)
     ORDER BY tenant`,
  )
  const cutoffs: Cutoff[] = []
  let all_ms = rows.length === 0 ? Number.NEGATIVE_INFINITY : nowMs
  for (const { tenant, days } of rows) {
    const before_ms = cutoffMs(nowMs, days ?? retentionDays)
    if (before_ms !== null) cutoffs.push({ tenant, before_ms })
    all_ms = Math.min(all_ms, before_ms ?? Number.NEGATIVE_INFINITY)
  }
  return { cutoffs, all_ms }
}

async function dropWeeks(step: Step, { weeks }: Weeks, before_ms: number): Promise<number> {
  let dropped = 0
  for (const week of weeks.filter((one) => endOfWeekMs(one) <= before_ms)) {
    const done = await step((query) => dropWeek(query, week))
    if (done === null) break
    dropped += PARTITIONED.length
  }
  return dropped
}

async function removeRows(step: Step, weeks: Weeks, cutoff: Cutoff): Promise<number> {
  const { tenant, before_ms } = cutoff
  let removed = 0
  for (const table of PARTITIONED) {
    for (const partition of partitionsBefore(table, weeks, before_ms)) {
      removed += await removeFrom(step, partition, 'timestamp_ms', cutoff)
    }
  }
  // A request that came then was about that time or an older one.
  removed += await removeFrom(step, 'telemetry.requests', 'received_ms', cutoff)
  removed += await removeAssets(step, tenant, before_ms)
  return removed
}

async function removeFrom(
  step: Step,
  table: string,
  time: string,
  { tenant, before_ms }: Cutoff,
): Promise<number> {
  const text = `DELETE FROM ${table} WHERE ctid = ANY (ARRAY (
    SELECT ctid FROM ${table} WHERE tenant = $1 AND ${time} < $2 LIMIT ${ROWS}))`
  for (let removed = 0; ; ) {
    const done = await step(async (query) => (await query(text, [tenant, before_ms])).count)
    removed += done ?? 0
    if (done === null || done < ROWS) return removed
  }
}

/** Those that have reported nothing since. Whoever stores for the tenant meanwhile waits. */
async function removeAssets(step: Step, tenant: number, before_ms: number): Promise<number> {
  let removed = 0
  for (let behind: string | null = ''; behind !== null; ) {
    const after: string = behind
    const done = await step(async (query) => {
      await query('SELECT 1 FROM telemetry.tenants WHERE tenant = $1 FOR UPDATE', [tenant])
      const { rows } = await query<{ last: string | null; removed: number }>(REMOVE_ASSETS, [
        tenant,
        after,
        before_ms,
      ])
      return rows[0]
    })
    removed += done?.removed ?? 0
    behind = done?.last ?? null
  }
  return removed
}

/**
 * `last`: the last one that was looked at; null when there was none. An event or a value may be younger than
 * the report it came with, or its week is not over: whose it is must be known as long.
 */
const REMOVE_ASSETS = `WITH
  looked AS (
    SELECT asset, asset_id, timestamp_ms FROM telemetry.assets
    WHERE tenant = $1 AND asset_id > $2 ORDER BY asset_id LIMIT ${ROWS}
  ),
  removed AS (
    DELETE FROM telemetry.assets a USING looked
    WHERE a.asset = looked.asset AND looked.timestamp_ms < $3
      AND NOT EXISTS (SELECT 1 FROM telemetry.events e WHERE e.tenant = $1 AND e.asset = a.asset)
      AND NOT EXISTS (SELECT 1 FROM telemetry.positions p WHERE p.tenant = $1 AND p.asset = a.asset)
      AND NOT EXISTS (SELECT 1 FROM telemetry.metrics m WHERE m.tenant = $1 AND m.asset = a.asset)
    RETURNING 1
  )
  SELECT (SELECT max(asset_id) FROM looked) AS last, (SELECT count(*) FROM removed) AS removed`
