/** Copies tables, and verifies that the copy equals the source. */

import { createHash } from 'node:crypto'
import type { TableSpec } from '../table-spec.ts'
import { type CellRow, columnNames, type HeldDatabase } from './tables.ts'

export interface CopiedTable {
  readonly table: string
  readonly rows: number
}

/** The target already holds rows, which would be mixed with the copied ones. */
export class TargetNotEmpty extends Error {
  override readonly name = 'TargetNotEmpty'
}

export type ShowProgress = (table: string, done: number, total: number) => void

/**
 * Copies every row of these tables, then reads them back and compares.
 *
 * @param all in an order in which referenced tables come first.
 * @throws TargetNotEmpty; Error when the list is incomplete, or the rows read back differ from
 *   those that were sent.
 */
export async function copyTables(
  source: HeldDatabase,
  target: HeldDatabase,
  all: readonly TableSpec[],
  show: ShowProgress = () => undefined,
): Promise<CopiedTable[]> {
  for (const database of [source, target]) assertComplete(await database.inventory(), all)
  const tables = all.filter(({ derived }) => !derived)
  for (const table of tables) await assertEmpty(target, table)
  const copied: CopiedTable[] = []
  for (const table of tables) {
    const sent = await copyTable(source, target, table, show)
    const arrived = await summarize(target, table)
    if (sent.rows !== arrived.rows || sent.digest !== arrived.digest) {
      throw new Error(
        `${table.name} arrived with ${arrived.rows} of ${sent.rows} rows, or with changed ones: nothing was kept`,
      )
    }
    copied.push({ table: table.name, rows: sent.rows })
  }
  return copied
}

/** A table or column that a migration added but the list lacks would be left behind. */
function assertComplete(
  inventory: ReadonlyMap<string, readonly string[]>,
  tables: readonly TableSpec[],
): void {
  const nameAll = (entries: Iterable<readonly [string, readonly string[]]>): string =>
    JSON.stringify([...entries].map(([name, columns]) => [name, columns.toSorted()]).sort())
  const derived = new Set(tables.flatMap((table) => (table.derived ? [table.name] : [])))
  const there = nameAll([...inventory].filter(([name]) => !derived.has(name)))
  const copied = tables.filter(({ name }) => !derived.has(name))
  const listed = nameAll(copied.map((table) => [table.name, columnNames(table)]))
  if (there !== listed)
    throw new Error(`the list of tables is ${listed}, but the database has ${there}`)
}

async function assertEmpty(target: HeldDatabase, table: TableSpec): Promise<void> {
  if (table.singleton) return
  const rows = await target.count(table)
  if (rows > 0) throw new TargetNotEmpty(`${table.name} has ${rows} rows already`)
}

async function copyTable(
  source: HeldDatabase,
  target: HeldDatabase,
  table: TableSpec,
  show: ShowProgress,
): Promise<Summary> {
  const total = await source.count(table)
  if (table.singleton) await target.clear(table)
  const summary = new RunningSummary()
  for await (const rows of source.rows(table)) {
    await target.insert(table, rows)
    summary.add(rows)
    show(table.name, summary.rows, total)
  }
  await target.finish(table)
  return summary
}

async function summarize(database: HeldDatabase, table: TableSpec): Promise<Summary> {
  const summary = new RunningSummary()
  for await (const rows of database.rows(table)) summary.add(rows)
  return summary
}

interface Summary {
  readonly rows: number
  readonly digest: bigint
}

/** Sums the digests of the rows, since two databases need not return them in the same order. */
class RunningSummary implements Summary {
  rows = 0
  digest = 0n

  add(rows: readonly CellRow[]): void {
    this.rows += rows.length
    for (const row of rows) this.digest = BigInt.asUintN(128, this.digest + digestOf(row))
  }
}

function digestOf(row: CellRow): bigint {
  const cells = row.map((cell) => (cell instanceof Uint8Array ? { hex: cell.toHex() } : cell))
  const hash = createHash('sha256').update(JSON.stringify(cells)).digest('hex')
  return BigInt(`0x${hash.slice(0, 32)}`)
}
