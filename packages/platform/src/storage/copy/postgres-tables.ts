/** The tables of one schema of a PostgreSQL database. */

import { openPostgres } from '../postgres/open-postgres.ts'
import type { RunQuery } from '../postgres/session.ts'
import {
  type Access,
  type Cell,
  type CellRow,
  columnNames,
  PlaceInUse,
  ROWS_A_PIECE,
  type TablePlace,
  type TableSpec,
} from './tables.ts'

/** A large house takes its time. */
const TIMEOUT_MS = 24 * 3_600_000
const OUR_NAME = 'modulariot-copy'

/**
 * Runs `work` in one transaction; all it writes is kept when it resolves, nothing when it rejects.
 *
 * @throws PlaceInUse while an instance is connected; StoreUnavailable.
 */
export async function withPostgresTables<Result>(
  { url, schema }: { readonly url: string; readonly schema: string },
  access: Access,
  work: (place: TablePlace) => Promise<Result>,
): Promise<Result> {
  const postgres = openPostgres(url, { applicationName: OUR_NAME })
  try {
    return await postgres.transaction(
      async (query) => {
        await assertAlone(query)
        return work(placeOf(query, schema))
      },
      { mode: access === 'read' ? 'snapshot' : 'write', timeoutMs: TIMEOUT_MS },
    )
  } finally {
    await postgres.close()
  }
}

async function assertAlone(query: RunQuery): Promise<void> {
  const { rows } = await query<{ name: string; address: string | null }>(
    `SELECT application_name AS name, client_addr::text AS address FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'modulariot%'
       AND application_name <> '${OUR_NAME}' LIMIT 1`,
  )
  if (rows[0] === undefined) return
  throw new PlaceInUse(`${rows[0].name} from ${rows[0].address ?? 'this machine'}`)
}

function placeOf(query: RunQuery, schema: string): TablePlace {
  return {
    count: async ({ name }) => {
      const { rows } = await query<{ rows: number }>(
        `SELECT count(*) AS rows FROM ${schema}.${name}`,
      )
      return rows[0]?.rows ?? 0
    },
    rows: (table, orderBy) => rowsOf(query, schema, table, orderBy),
    clear: async ({ name }) => void (await query(`DELETE FROM ${schema}.${name}`)),
    insert: async (table, rows) => {
      const names = columnNames(table)
      const arrays = Object.values(table.columns).map((type, at) => `$${at + 1}::${type}[]`)
      await query(
        `INSERT INTO ${schema}.${table.name} (${names.join(', ')})
         SELECT * FROM unnest(${arrays.map((one) => one.replace('double', 'float8')).join(', ')})`,
        names.map((_, at) => rows.map((row) => row[at])),
      )
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

/** Through a cursor, since a table may be larger than the memory. */
async function* rowsOf(
  query: RunQuery,
  schema: string,
  table: TableSpec,
  orderBy?: string,
): AsyncGenerator<readonly CellRow[]> {
  const names = columnNames(table)
  const read = Object.entries(table.columns).map(([name, type]) =>
    type === 'json' ? `${name}::text AS ${name}` : name,
  )
  const order = orderBy === undefined ? '' : ` ORDER BY ${orderBy}`
  await query(
    `DECLARE moving CURSOR FOR SELECT ${read.join(', ')} FROM ${schema}.${table.name}${order}`,
  )
  try {
    for (;;) {
      const { rows } = await query<Record<string, Cell>>(`FETCH ${ROWS_A_PIECE} FROM moving`)
      if (rows.length === 0) return
      yield rows.map((row) => names.map((name) => row[name] ?? null))
    }
  } finally {
    await query('CLOSE moving')
  }
}
