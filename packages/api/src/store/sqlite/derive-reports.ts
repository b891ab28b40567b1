/**
 * Moves old reports into blocks, in small steps. Runs on the writer thread.
 *
 * The newest report of each asset stays a row, where the state of the asset is read.
 */

import type { DatabaseSync } from 'node:sqlite'
import {
  type Block,
  endOfRange,
  MAX_BLOCK_LENGTH,
  merged,
  OLD_AFTER_MS,
  type StoredReport,
  startOfOpenRange,
  startOfRange,
} from '../report-blocks/block.ts'
import { createBlockTable } from './block-table.ts'

/** Rows examined between two checks of the clock. */
const ROWS = 500

/** Yields after each block. */
export function createReportWalk(database: DatabaseSync): (nowMs: number) => Generator<0, void> {
  const tenants = database.prepare('SELECT tenant, last_seq FROM tenants ORDER BY tenant')
  // `seq`: the first that can be moved among the next rows.
  const next = database.prepare(
    `SELECT min(CASE WHEN received_ms < ?4 AND latest_seq <> seq THEN seq END) AS seq,
       max(seq) AS last, count(*) AS count
     FROM (
       SELECT o.seq, o.received_ms, a.latest_seq
       FROM observations o LEFT JOIN assets a ON a.asset = o.asset
       WHERE o.tenant = ?1 AND o.seq >= ?2 AND o.seq < ?3 ORDER BY o.seq LIMIT ${ROWS})`,
  )
  const move = createMove(database)

  return function* (nowMs) {
    const before_ms = nowMs - OLD_AFTER_MS
    for (const row of tenants.all()) {
      const { tenant, last_seq } = row as { tenant: number; last_seq: number }
      const end = startOfOpenRange(last_seq)
      for (let from = 0; from < end; ) {
        const found = next.get(tenant, from, end, before_ms) as unknown as Found
        if (found.seq === null && found.count < ROWS) break
        from = 1 + (found.seq === null ? found.last : move(tenant, found.seq, before_ms))
        yield 0
      }
    }
  }
}

interface Found {
  readonly seq: number | null
  readonly last: number
  readonly count: number
}

function createMove(database: DatabaseSync) {
  const blocks = createBlockTable(database)
  const movable = database.prepare(
    `SELECT o.seq, o.asset, o.timestamp_ms, o.received_ms, o.payload
     FROM observations o CROSS JOIN assets a ON a.asset = o.asset
     WHERE o.tenant = ?1 AND o.seq >= ?2 AND o.seq < ?3 AND o.received_ms < ?4
       AND a.latest_seq <> o.seq
     ORDER BY o.seq`,
  )
  const remove = database.prepare('DELETE FROM observations WHERE tenant = ? AND seq = ?')

  /** As many as fit in one block, of at least one. */
  function take(...where: [tenant: number, from: number, to: number, before_ms: number]) {
    const reports: StoredReport[] = []
    let length = 0
    for (const row of movable.iterate(...where)) {
      const report = row as unknown as StoredReport
      length += report.payload.length
      if (reports.length > 0 && length > MAX_BLOCK_LENGTH) break
      reports.push(report)
    }
    return reports
  }

  /** @returns the number of the last report that was moved, `seq` or a later one of its range. */
  return (tenant: number, seq: number, before_ms: number): number => {
    const end = endOfRange(seq)
    // The block that has reports up to this one or a later one, or the last of the range.
    const block: Block | undefined =
      blocks.firstIn(tenant, seq, end) ?? blocks.lastIn(tenant, startOfRange(seq), seq)
    const to = block !== undefined && block.until_seq >= seq ? block.until_seq + 1 : end
    const reports = take(tenant, seq, to, before_ms)
    blocks.replace(tenant, block, merged(block, reports))
    for (const one of reports) remove.run(tenant, one.seq)
    return reports.at(-1)?.seq ?? seq
  }
}
