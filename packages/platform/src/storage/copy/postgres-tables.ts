/** The tables of one schema of a PostgreSQL database. */

import { setTimeout as wait } from 'node:timers/promises'
import { holdMigrations } from '../postgres/migrate-postgres.ts'
import { openPostgres } from '../postgres/open-postgres.ts'
import type { RunQuery } from '../postgres/session.ts'
import type { ColumnType, TableSpec } from '../table-spec.ts'
import {
  type Access,
  type Cell,
  type CellRow,
  columnNames,
  DatabaseInUse,
  type HeldDatabase,
  type MakeRoom,
  ROWS_PER_BATCH,
  TextNotKept,
} from './tables.ts'

/** A large installation takes hours. */
const TIMEOUT_MS = 24 * 3_600_000
const OUR_NAME = 'modulariot-copy'

export interface PostgresSchema {
  readonly url: string
  readonly schema: string
  /** Called before each batch of rows that is inserted. */
  readonly makeRoom?: MakeRoom | undefined
}

/**
 * Runs `work` in one transaction; all its writes are kept when it resolves, none when it rejects.
 *
 * @throws DatabaseInUse while an instance is connected; one that starts later waits.
 *   StoreUnavailable.
 */
export async function withPostgresTables<Result>(
  { url, schema, makeRoom }: PostgresSchema,
  access: Access,
  work: (database: HeldDatabase) => Promise<Result>,
): Promise<Result> {
  const postgres = openPostgres(url, { applicationName: OUR_NAME })
  try {
    return await postgres.transaction(
      async (query) => {
        await assertAlone(query)
        return work(heldDatabase(query, schema, makeRoom))
      },
      { mode: access === 'read' ? 'snapshot' : 'write', timeoutMs: TIMEOUT_MS },
    )
  } finally {
    await postgres.close()
  }
}

/**
 * Checks now, and holds off instances that start before the transaction ends: they wait to migrate.
 */
async function assertAlone(query: RunQuery): Promise<void> {
  if (!(await holdMigrations(query))) throw new DatabaseInUse('an instance that starts')
  let user = await userOf(query)
  for (let checks = 1; user !== null && checks < USER_CHECKS; checks++) {
    await wait(RECHECK_MS)
    user = await userOf(query)
  }
  if (user !== null) throw new DatabaseInUse(user)
}

/** A server that has just stopped stays listed until the backend of its last connection notices. */
const USER_CHECKS = 20
const RECHECK_MS = 100

async function userOf(query: RunQuery): Promise<string | null> {
  // Within a transaction the statistics would otherwise stay as first read.
  await query('SELECT pg_stat_clear_snapshot()')
  const { rows } = await query<{ name: string; address: string | null }>(
    `SELECT application_name AS name, client_addr::text AS address FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'modulariot%'
       AND application_name <> '${OUR_NAME}' LIMIT 1`,
  )
  return rows[0] === undefined ? null : `${rows[0].name} from ${rows[0].address ?? 'this machine'}`
}

function heldDatabase(query: RunQuery, schema: string, makeRoom?: MakeRoom): HeldDatabase {
  return {
    inventory: () => inventoryOf(query, schema),
    count: async ({ name }) => {
      const { rows } = await query<{ rows: number }>(
        `SELECT count(*) AS rows FROM ${schema}.${name}`,
      )
      return rows[0]?.rows ?? 0
    },
    rows: (table, orderBy) => rowsOf(query, schema, table, orderBy),
    clear: async ({ name }) => void (await query(`DELETE FROM ${schema}.${name}`)),
    insert: async (table, rows) => {
      await makeRoom?.(query, table, rows)
      const names = columnNames(table)
      const types = Object.values(table.columns)
      const arrays = types.map((type, at) => `$${at + 1}::${TYPES[type]}[]`)
      const numbers = table.identity === undefined ? '' : 'OVERRIDING SYSTEM VALUE'
      await query(
        `INSERT INTO ${schema}.${table.name} (${names.join(', ')}) ${numbers}
         SELECT * FROM unnest(${arrays.join(', ')})`,
        types.map((type, at) => rows.map((row) => toPostgres(row[at] ?? null, type))),
      ).catch((error: unknown) => {
        throw isZeroCharacter(error) ? new TextNotKept(table.name) : error
      })
    },
    finish: async ({ name, identity }) => {
      if (identity === undefined) return
      await query(
        `SELECT setval(pg_get_serial_sequence('${schema}.${name}', '${identity}'),
           greatest(1, (SELECT max(${identity}) FROM ${schema}.${name})))`,
      )
    },
  }
}

/** character_not_in_repertoire for TEXT, untranslatable_character for JSON. */
function isZeroCharacter(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return code === '22021' || code === '22P05'
}

const TYPES: Readonly<Record<ColumnType, string>> = {
  text: 'text',
  name: 'bytea',
  bigint: 'bigint',
  double: 'float8',
  json: 'json',
  bytea: 'bytea',
}

function toPostgres(cell: Cell, type: ColumnType): Cell {
  return type === 'name' && typeof cell === 'string' ? Buffer.from(cell) : cell
}

function fromPostgres(cell: Cell, type: ColumnType): Cell {
  return type === 'name' && cell instanceof Buffer ? cell.toString() : cell
}

/** Partitions are left out: they belong to their table. */
async function inventoryOf(query: RunQuery, schema: string): Promise<Map<string, string[]>> {
  const { rows } = await query<{ table: string; columns: string[] }>(
    `SELECT t.relname AS "table", array_agg(c.attname::text) AS columns
     FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid
     WHERE t.relnamespace = $1::regnamespace AND t.relkind IN ('r', 'p') AND NOT t.relispartition
       AND t.relname <> 'migrations'
       AND c.attnum > 0 AND NOT c.attisdropped AND c.attgenerated = ''
     GROUP BY t.relname`,
    [schema],
  )
  return new Map(rows.map(({ table, columns }) => [table, columns]))
}

/** Through a cursor, since a table may be larger than the memory. */
async function* rowsOf(
  query: RunQuery,
  schema: string,
  table: TableSpec,
  orderBy?: string,
): AsyncGenerator<readonly CellRow[]> {
  const columns = Object.entries(table.columns)
  const read = columns.map(([name, type]) => (type === 'json' ? `${name}::text AS ${name}` : name))
  const order = orderBy === undefined ? '' : ` ORDER BY ${orderBy}`
  await query(
    `DECLARE moving CURSOR FOR SELECT ${read.join(', ')} FROM ${schema}.${table.name}${order}`,
  )
  try {
    for (;;) {
      const { rows } = await query<Record<string, Cell>>(`FETCH ${ROWS_PER_BATCH} FROM moving`)
      if (rows.length === 0) return
      yield rows.map((row) => columns.map(([name, type]) => fromPostgres(row[name] ?? null, type)))
    }
  } finally {
    await query('CLOSE moving')
  }
}
