/** The tables of one SQLite file. */

import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { assertPrivateDatabase } from '../open-sqlite.ts'
import { isBusy } from '../sqlite-errors.ts'
import type { TableSpec } from '../table-spec.ts'
import {
  type Access,
  type Cell,
  type CellRow,
  columnNames,
  DatabaseInUse,
  type HeldDatabase,
  ROWS_PER_BATCH,
} from './tables.ts'

const BUSY_TIMEOUT_MS = 200

/**
 * Runs `work` with an exclusive lock on the file; all its writes are kept when it resolves, none
 * when it rejects.
 *
 * @throws DatabaseInUse while another process has the file open.
 * @throws UnsafePermissions
 */
export async function withSqliteTables<Result>(
  path: string,
  access: Access,
  work: (database: HeldDatabase) => Promise<Result>,
): Promise<Result> {
  assertPrivateDatabase(path)
  using database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
  beginAlone(database, path)
  try {
    const result = await work(heldDatabase(database))
    database.exec(access === 'write' ? 'COMMIT' : 'ROLLBACK')
    return result
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** Every connection in WAL mode holds a shared lock on the file for as long as it is open. */
function beginAlone(database: DatabaseSync, path: string): void {
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE')
    database.exec('PRAGMA synchronous = FULL')
    database.exec('BEGIN IMMEDIATE')
  } catch (error) {
    if (isBusy(error)) throw new DatabaseInUse(path, { cause: error })
    throw error
  }
}

function heldDatabase(database: DatabaseSync): HeldDatabase {
  return {
    inventory: async () => inventoryOf(database),
    count: async ({ name }) =>
      (database.prepare(`SELECT count(*) AS rows FROM ${name}`).get() as { rows: number }).rows,
    rows: (table, orderBy) => rowsOf(database, table, orderBy),
    clear: async ({ name }) => database.exec(`DELETE FROM ${name}`),
    insert: async (table, rows) => {
      const names = columnNames(table)
      const places = names.map(() => '?').join(', ')
      const insert = database.prepare(
        `INSERT INTO ${table.name} (${names.join(', ')}) VALUES (${places})`,
      )
      for (const row of rows) insert.run(...(row as SQLInputValue[]))
    },
    finish: async () => undefined,
  }
}

/** Generated columns are `hidden`. */
function inventoryOf(database: DatabaseSync): Map<string, string[]> {
  const inventory = new Map<string, string[]>()
  const columns = database.prepare(
    `SELECT t.name AS "table", c.name AS "column"
     FROM sqlite_schema t JOIN pragma_table_xinfo(t.name) c
     WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite~_%' ESCAPE '~' AND t.name <> 'migrations'
       AND c.hidden = 0`,
  )
  for (const { table, column } of columns.all() as { table: string; column: string }[]) {
    inventory.set(table, [...(inventory.get(table) ?? []), column])
  }
  return inventory
}

async function* rowsOf(
  database: DatabaseSync,
  table: TableSpec,
  orderBy?: string,
): AsyncGenerator<readonly CellRow[]> {
  const names = columnNames(table)
  const order = orderBy === undefined ? '' : ` ORDER BY ${orderBy}`
  const select = database.prepare(`SELECT ${names.join(', ')} FROM ${table.name}${order}`)
  let piece: CellRow[] = []
  for (const row of select.iterate()) {
    piece.push(names.map((name) => row[name] as Cell))
    if (piece.length < ROWS_PER_BATCH) continue
    yield piece
    piece = []
  }
  if (piece.length > 0) yield piece
}
