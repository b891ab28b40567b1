/**
 * The table of blocks, and what deletes reports in them.
 *
 * Whatever changes blocks takes a lock first, so that no block is split or replaced between two
 * statements of another transaction.
 */

import type { RunQuery } from '@modulariot/platform/postgres'
import { assetsOf, type Block, retained, without } from '../report-blocks/block.ts'

/** An arbitrary number for the advisory lock. */
const BLOCKS_LOCK = 0x6d696f77
const COLUMNS = 'until_seq, reports, min_ms, max_ms, head, payloads'

export async function lockBlocks(query: RunQuery): Promise<void> {
  await query('SELECT pg_advisory_xact_lock($1)', [BLOCKS_LOCK])
}

/** $1 tenant, $2 and $3 the range in which it ends, the latter exclusive. */
const IN_RANGE = `SELECT ${COLUMNS} FROM telemetry.report_blocks
  WHERE tenant = $1 AND until_seq >= $2 AND until_seq < $3 ORDER BY until_seq`

/** The first block that ends in a range; its end is exclusive. */
export async function firstIn(
  query: RunQuery,
  ...range: [tenant: number, from: number, to: number]
): Promise<Block | undefined> {
  return (await query<Block>(`${IN_RANGE} LIMIT 1`, range)).rows[0]
}

export async function lastIn(
  query: RunQuery,
  ...range: [tenant: number, from: number, to: number]
): Promise<Block | undefined> {
  return (await query<Block>(`${IN_RANGE} DESC LIMIT 1`, range)).rows[0]
}

export async function replaceBlock(
  query: RunQuery,
  tenant: number,
  block: Block | undefined,
  blocks: readonly Block[],
): Promise<void> {
  if (block !== undefined) {
    await query('DELETE FROM telemetry.report_blocks WHERE tenant = $1 AND until_seq = $2', [
      tenant,
      block.until_seq,
    ])
  }
  for (const { until_seq, reports, min_ms, max_ms, head, payloads } of blocks) {
    await query(
      `INSERT INTO telemetry.report_blocks (tenant, ${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [tenant, until_seq, reports, min_ms, max_ms, head, payloads],
    )
  }
}

/**
 * Deletes the expired reports of one block.
 *
 * @returns how many; null when no block has any.
 */
export async function deleteExpired(
  query: RunQuery,
  tenant: number,
  before_ms: number,
): Promise<number | null> {
  await lockBlocks(query)
  const { rows } = await query<Block>(
    `SELECT ${COLUMNS} FROM telemetry.report_blocks WHERE tenant = $1 AND min_ms < $2
     ORDER BY min_ms LIMIT 1`,
    [tenant, before_ms],
  )
  const [block] = rows
  if (block === undefined) return null
  return keep(query, tenant, block, retained(block, before_ms))
}

/** Blocks of which a step examines the assets. */
const EXAMINED = 50

/**
 * Deletes the reports of these assets in the blocks that end after this number.
 *
 * @returns the number from which to go on; null at the end.
 */
export async function deleteOfAssets(
  query: RunQuery,
  tenant: number,
  assets: ReadonlySet<number>,
  after: number,
): Promise<number | null> {
  await lockBlocks(query)
  const { rows } = await query<Pick<Block, 'until_seq' | 'reports' | 'head'>>(
    `SELECT until_seq, reports, head FROM telemetry.report_blocks
     WHERE tenant = $1 AND until_seq > $2 ORDER BY until_seq LIMIT ${EXAMINED}`,
    [tenant, after],
  )
  for (const one of rows) {
    if (!assetsOf(one).some((asset) => assets.has(asset))) continue
    const block = await firstIn(query, tenant, one.until_seq, one.until_seq + 1)
    if (block !== undefined) {
      await keep(
        query,
        tenant,
        block,
        without(block, ({ asset }) => assets.has(asset)),
      )
    }
    // One a step, since the lock keeps others waiting.
    return one.until_seq
  }
  return rows.length < EXAMINED ? null : (rows.at(-1)?.until_seq ?? null)
}

/** @returns how many reports are not in what is left. */
async function keep(
  query: RunQuery,
  tenant: number,
  block: Block,
  left: Block | null,
): Promise<number> {
  await replaceBlock(query, tenant, block, left === null ? [] : [left])
  return block.reports - (left?.reports ?? 0)
}
