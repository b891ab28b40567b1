/**
 * The limit for stored reports: a loop of prepared inserts into the same tables, some rows per
 * transaction, and nothing else: no request lookup, no update of the asset, no response.
 */

import { answerParent } from '../support/child.ts'
import type { StoreKind } from '../support/our-server.ts'
import { ASSETS, backlog, KINDS, type Kind } from '../telemetry/reports.ts'
import { openPostgresTables } from './postgres-tables.ts'
import { type Numbered, type Rows, rowsOf, type TableName } from './rows.ts'
import { openSqliteTables } from './sqlite-tables.ts'

export interface InsertLoad {
  readonly store: StoreKind
  /** A folder, or a database of its own. */
  readonly where: string
  readonly tables: readonly TableName[]
  readonly kind: Kind
  /** Reports per transaction: the backlog of one asset, or one report each of many. */
  readonly items: number
  readonly of: 'one asset' | 'the fleet'
  readonly seconds: number
}

export interface InsertResult {
  readonly items: number
  readonly elapsedSeconds: number
  /** CPU time of this process; the database's is added. */
  readonly cpuSeconds: number
}

/** A database with the tables of ModularIoT. */
export interface Tables {
  /** One transaction. */
  insert(rows: Rows, tables: readonly TableName[]): Promise<void> | void
  close(): Promise<void> | void
}

/** Rows prepared in advance, so that only the inserts are timed. */
const BATCHES_AHEAD = 20

let batches = 0

/** Each row of an asset is later than all before. */
function nextRows({ kind, items, of }: InsertLoad): Rows {
  const turn = batches++
  const seq = 1 + turn * items
  const reports = of === 'one asset' ? ofOneAsset(kind, turn, items) : ofTheFleet(kind, seq, items)
  return rowsOf(reports, seq, `bare-${String(turn).padStart(10, '0')}`)
}

function ofOneAsset(kind: Kind, turn: number, items: number): Numbered[] {
  const asset = 1 + (turn % ASSETS)
  return backlog(kind, turn, items).map((report) => ({ report, asset }))
}

function ofTheFleet(kind: Kind, from: number, items: number): Numbered[] {
  return Array.from({ length: items }, (_, index) => {
    const [step, asset] = [Math.floor((from + index) / ASSETS), (from + index) % ASSETS]
    return { report: KINDS[kind](asset, step), asset: 1 + asset }
  })
}

answerParent(async (load: InsertLoad): Promise<InsertResult> => {
  const open = load.store === 'sqlite' ? openSqliteTables : openPostgresTables
  const tables = await open(load.where)
  let [items, elapsedMs, cpuMicros] = [0, 0, 0]
  while (elapsedMs < load.seconds * 1000) {
    const ahead = Array.from({ length: BATCHES_AHEAD }, () => nextRows(load))
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
