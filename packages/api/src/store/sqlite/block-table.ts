/** The table of blocks, and the walks that delete reports in them. */

import type { DatabaseSync } from 'node:sqlite'
import { assetsOf, type Block, retained, without } from '../report-blocks/block.ts'

const COLUMNS = 'until_seq, reports, min_ms, max_ms, head, payloads'

export interface BlockTable {
  /** The first block that ends in a range; its end is exclusive. */
  firstIn(tenant: number, from: number, to: number): Block | undefined
  lastIn(tenant: number, from: number, to: number): Block | undefined
  replace(tenant: number, block: Block | undefined, blocks: readonly Block[]): void
}

export function createBlockTable(database: DatabaseSync): BlockTable {
  const inRange = `SELECT ${COLUMNS} FROM report_blocks
    WHERE tenant = ? AND until_seq >= ? AND until_seq < ? ORDER BY until_seq`
  const first = database.prepare(`${inRange} LIMIT 1`)
  const last = database.prepare(`${inRange} DESC LIMIT 1`)
  const remove = database.prepare('DELETE FROM report_blocks WHERE tenant = ? AND until_seq = ?')
  const insert = database.prepare(
    `INSERT INTO report_blocks (tenant, ${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  return {
    firstIn: (tenant, from, to) => first.get(tenant, from, to) as Block | undefined,
    lastIn: (tenant, from, to) => last.get(tenant, from, to) as Block | undefined,
    replace(tenant, block, blocks) {
      if (block !== undefined) remove.run(tenant, block.until_seq)
      for (const { until_seq, reports, min_ms, max_ms, head, payloads } of blocks) {
        insert.run(tenant, until_seq, reports, min_ms, max_ms, head, payloads)
      }
    },
  }
}

/** Deletes expired reports. Yields how many, after each block. */
export function createExpiredWalk(database: DatabaseSync) {
  const blocks = createBlockTable(database)
  const expired = database.prepare(
    `SELECT ${COLUMNS} FROM report_blocks WHERE tenant = ? AND min_ms < ? ORDER BY min_ms LIMIT 1`,
  )
  return function* (tenant: number, before_ms: number): Generator<number, void> {
    for (;;) {
      const block = expired.get(tenant, before_ms) as Block | undefined
      if (block === undefined) return
      yield keep(blocks, tenant, block, retained(block, before_ms))
    }
  }
}

/** Deletes the reports of an asset. Yields how many, after each block. */
export function createAssetBlockWalk(database: DatabaseSync) {
  const blocks = createBlockTable(database)
  const next = database.prepare(
    `SELECT until_seq, reports, head FROM report_blocks WHERE tenant = ? AND until_seq > ?
     ORDER BY until_seq LIMIT 1`,
  )
  return function* (tenant: number, asset: number): Generator<number, void> {
    for (let last = 0; ; ) {
      const found = next.get(tenant, last) as Omit<Block, 'payloads'> | undefined
      if (found === undefined) return
      last = found.until_seq
      const block = assetsOf(found).includes(asset)
        ? blocks.firstIn(tenant, last, last + 1)
        : undefined
      yield block
        ? keep(
            blocks,
            tenant,
            block,
            without(block, (one) => one.asset === asset),
          )
        : 0
    }
  }
}

/** @returns how many reports are not in what is left. */
function keep(blocks: BlockTable, tenant: number, block: Block, left: Block | null): number {
  blocks.replace(tenant, block, left === null ? [] : [left])
  return block.reports - (left?.reports ?? 0)
}
