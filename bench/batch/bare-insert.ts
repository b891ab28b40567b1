/**
 * The limit of a batch: a loop of prepared inserts into the same tables, a transaction a batch, and nothing
 * else. No request is looked up, no asset is brought up to date, nobody is answered.
 */

import { answerParent } from '../support/child.ts'
import type { StoreKind } from '../support/our-server.ts'
import { ASSETS, backlog, type Kind } from '../telemetry/reports.ts'
import { openPostgresTables } from './postgres-tables.ts'
import { type Rows, rowsOf, type TableName } from './rows.ts'
import { openSqliteTables } from './sqlite-tables.ts'

export interface InsertLoad {
  readonly store: StoreKind
  /** A folder, or a database of its own. */
  readonly where: string
  readonly tables: readonly TableName[]
  readonly kind: Kind
  readonly items: number
  readonly seconds: number
}

export interface InsertResult {
  readonly items: number
  readonly elapsedSeconds: number
  /** Of this process; a database's own comes on top. */
  readonly cpuSeconds: number
}

/** A database with our tables. */
export interface Tables {
  /** One transaction. */
  insert(rows: Rows, tables: readonly TableName[]): Promise<void> | void
  close(): Promise<void> | void
}

/** Rows made ahead, so that the clock sees inserts alone. */
const BATCHES_AHEAD = 20

let batches = 0

/** Each batch is one asset's, later than all before. */
function nextRows(kind: Kind, items: number): Rows {
  const turn = batches++
  const request_id = `bare-${String(turn).padStart(10, '0')}`
  return rowsOf(backlog(kind, turn, items), 1 + (turn % ASSETS), 1 + turn * items, request_id)
}

answerParent(async (load: InsertLoad): Promise<InsertResult> => {
  const open = load.store === 'sqlite' ? openSqliteTables : openPostgresTables
  const tables = await open(load.where)
  let [items, elapsedMs, cpuMicros] = [0, 0, 0]
  while (elapsedMs < load.seconds * 1000) {
    const ahead = Array.from({ length: BATCHES_AHEAD }, () => nextRows(load.kind, load.items))
    const started = performance.now()
    const cpu = process.cpuUsage()
    for (const rows of ahead) await tables.insert(rows, load.tables)
    elapsedMs += performance.now() - started
    const { user, system } = process.cpuUsage(cpu)
    cpuMicros += user + system
    items += BATCHES_AHEAD * load.items
  }
  await tables.close()
  return { items, elapsedSeconds: elapsedMs / 1000, cpuSeconds: cpuMicros / 1e6 }
})
