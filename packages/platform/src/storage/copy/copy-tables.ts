/** Copying tables, and seeing that what arrived is what was sent. */

import { createHash } from 'node:crypto'
import type { TableSpec } from '../table-spec.ts'
import { type CellRow, columnNames, type TablePlace } from './tables.ts'

export interface CopiedTable {
  readonly table: string
  readonly rows: number
}

/** What is there already would be mixed with what comes. */
export class TargetNotEmpty extends Error {
  override readonly name = 'TargetNotEmpty'
}

export type ShowProgress = (table: string, done: number, total: number) => void

/**
 * Copies every row of these tables, then reads them back and compares.
 *
 * @param all in an order in which what is referred to comes first.
 * @throws TargetNotEmpty, and Error when the list is not complete or what was read back is not what
 *   was sent.
 */
export async function copyTables(
  source: TablePlace,
  target: TablePlace,
  all: readonly TableSpec[],
  show: ShowProgress = () => undefined,
): Promise<CopiedTable[]> {
  for (const place of [source, target]) assertComplete(await place.inventory(), all)
  const tables = all.filter(({ derived }) => !derived)
  for (const table of tables) await assertEmpty(target, table)
  const copied: CopiedTable[] = []
  for (const table of tables) {
    const sent = await copyTable(source, target, table, show)
    const arrived = await summarize(target, table)
    if (sent.rows !== arrived.rows || sent.digest !== arrived.digest) {
      throw new Error(
        `${table.name} arrived with ${arrived.rows} rows of ${sent.rows}, or not as it was: nothing was kept`,
      )
    }
    copied.push({ table: table.name, rows: sent.rows })
  }
  return copied
}

/**
 * A table or column that came with a migration and is missing from the list would be left behind.
 */
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
  if (there !== listed) throw new Error(`the list of tables is ${listed}, but there are ${there}`)
}

async function assertEmpty(target: TablePlace, table: TableSpec): Promise<void> {
  if (table.singleton) return
  const rows = await target.count(table)
  if (rows > 0) throw new TargetNotEmpty(`${table.name} has ${rows} rows already`)
}

async function copyTable(
  source: TablePlace,
  target: TablePlace,
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

async function summarize(place: TablePlace, table: TableSpec): Promise<Summary> {
  const summary = new RunningSummary()
  for await (const rows of place.rows(table)) summary.add(rows)
  return summary
}

interface Summary {
  readonly rows: number
  readonly digest: bigint
}

/** The digests of rows are added up: databases need not agree on an order. */
class RunningSummary implements Summary {
  rows = 0
  digest = 0n

  add(rows: readonly CellRow[]): void {
    this.rows += rows.length
    for (const row of rows) this.digest = BigInt.asUintN(128, this.digest + digestOf(row))
  }
}

function digestOf(row: CellRow): bigint {
  const cells = row.map((cell) => (cell instanceof Uint8Array ? [...cell] : cell))
  const hash = createHash('sha256').update(JSON.stringify(cells)).digest('hex')
  return BigInt(`0x${hash.slice(0, 32)}`)
}
