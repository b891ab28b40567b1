/**
 * Moves old reports into blocks, a block in a transaction.
 *
 * The newest report of each asset stays a row, where the state of the asset is read.
 */

import type { RunQuery } from '@modulariot/platform/postgres'
import {
  endOfRange,
  MAX_BLOCK_LENGTH,
  merged,
  OLD_AFTER_MS,
  type StoredReport,
  startOfOpenRange,
  startOfRange,
} from '../report-blocks/block.ts'
import { firstIn, lastIn, lockBlocks, replaceBlock } from './block-table.ts'
import type { MaintenanceStep } from './maintenance-step.ts'
import { isUpgrading } from './upgrading.ts'

/** Rows that a step examines. */
const ROWS = 20_000

interface Tenant {
  readonly tenant: number
  readonly last_seq: number
}

/** Does nothing while a program of the version before may run, which does not read blocks. */
export async function deriveReports(step: MaintenanceStep, nowMs: number): Promise<void> {
  const tenants = await step((query) => findTenants(query, nowMs))
  for (const { tenant, last_seq } of tenants ?? []) {
    const [end, before_ms] = [startOfOpenRange(last_seq), nowMs - OLD_AFTER_MS]
    for (let from: number | null = 0; from !== null && from < end; ) {
      const start: number = from
      from = await step((query) => moveNext(query, tenant, { start, end, before_ms }))
    }
  }
}

/** The migration that creates the blocks. */
const MIGRATION = 9

async function findTenants(query: RunQuery, nowMs: number): Promise<Tenant[]> {
  if (await isUpgrading(query, MIGRATION, nowMs)) return []
  const text = 'SELECT tenant, last_seq FROM telemetry.tenants ORDER BY tenant'
  return (await query<Tenant>(text)).rows
}

interface Range {
  readonly start: number
  /** Exclusive. */
  readonly end: number
  /** Reports that were received before can be moved. */
  readonly before_ms: number
}

/**
 * Moves the next reports that fit in one block.
 *
 * @returns the number from which to go on; null at the end.
 */
async function moveNext(
  query: RunQuery,
  tenant: number,
  { start, end, before_ms }: Range,
): Promise<number | null> {
  const { rows } = await query<{ seq: number }>(FIRST, [tenant, start, end, before_ms])
  const [first] = rows
  if (first !== undefined) return 1 + (await move(query, tenant, first.seq, before_ms))
  const examined = await query<{ last: number; count: number }>(EXAMINED, [tenant, start, end])
  const { last, count } = examined.rows[0] ?? { last: end, count: 0 }
  return count < ROWS ? null : last + 1
}

/** $1 tenant, $2 and $3 the range, the latter exclusive. */
const SCANNED = `(SELECT seq, asset, received_ms FROM telemetry.observations
    WHERE tenant = $1 AND seq >= $2 AND seq < $3 ORDER BY seq LIMIT ${ROWS}) AS o`

/** One probe an asset; for a plain join the planner might read all assets for each block. */
const NEWEST = `CROSS JOIN LATERAL (
    SELECT latest_seq FROM telemetry.assets a WHERE a.asset = o.asset LIMIT 1) AS a`

/** The first that can be moved. $4 before_ms. */
const FIRST = `SELECT seq FROM ${SCANNED} ${NEWEST}
  WHERE received_ms < $4 AND latest_seq <> seq ORDER BY seq LIMIT 1`

const EXAMINED = `SELECT max(seq) AS last, count(*)::int AS count FROM ${SCANNED}`

/** @returns the number of the last report that was moved, `seq` or a later one of its range. */
async function move(
  query: RunQuery,
  tenant: number,
  seq: number,
  before_ms: number,
): Promise<number> {
  await lockBlocks(query)
  const end = endOfRange(seq)
  // The block that has reports up to this one or a later one, or the last of the range.
  const block =
    (await firstIn(query, tenant, seq, end)) ??
    (await lastIn(query, tenant, startOfRange(seq), seq))
  const to = block !== undefined && block.until_seq >= seq ? block.until_seq + 1 : end
  const { rows } = await query<StoredReport>(TAKE, [tenant, seq, to, before_ms, MAX_BLOCK_LENGTH])
  const reports = rows.toSorted((a, b) => a.seq - b.seq)
  // None when they have been erased since.
  if (reports.length > 0) await replaceBlock(query, tenant, block, merged(block, reports))
  return reports.at(-1)?.seq ?? seq
}

/**
 * Deletes as many rows as fit in one block, at least one, and returns those that it has deleted: an
 * erasure may have been faster. $1 tenant, $2 and $3 the range, $4 before_ms, $5 length.
 */
const TAKE = `WITH movable AS MATERIALIZED (
    SELECT o.seq, o.timestamp_ms, octet_length(o.payload) AS length
    FROM telemetry.observations o ${NEWEST}
    WHERE o.tenant = $1 AND o.seq >= $2 AND o.seq < $3 AND o.received_ms < $4
      AND a.latest_seq <> o.seq
  ),
  summed AS (
    SELECT seq, timestamp_ms,
      sum(length) OVER (ORDER BY seq) AS length, row_number() OVER (ORDER BY seq) AS place
    FROM movable
  )
  DELETE FROM telemetry.observations o USING summed s
  WHERE o.tenant = $1 AND o.seq >= $2 AND o.seq < $3
    AND o.seq = s.seq AND o.timestamp_ms = s.timestamp_ms AND (s.length <= $5 OR s.place = 1)
  RETURNING o.seq, o.asset, o.timestamp_ms, o.received_ms, o.payload`
