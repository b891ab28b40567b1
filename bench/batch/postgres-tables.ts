/** The tables of ModularIoT in a PostgreSQL database. */

import { openPostgresTelemetryStore } from '@modulariot/api/postgres'
import pg from 'pg'
import { TELEMETRY_TABLES } from '../../packages/api/src/store/tables.ts'
import type { Tables } from './bare-insert.ts'
import type { Row, Rows, TableName } from './rows.ts'

/** Types with another name in PostgreSQL. */
const TYPES: Readonly<Record<string, string>> = { double: 'float8' }

/**
 * An array per column, all rows of a table in one prepared statement: the fastest form except COPY.
 */
function statementOf(table: TableName): string {
  const columns = TELEMETRY_TABLES.find(({ name }) => name === table)?.columns ?? {}
  const arrays = Object.values(columns).map(
    (type, index) => `$${index + 1}::${TYPES[type] ?? type}[]`,
  )
  return `INSERT INTO telemetry.${table} (${Object.keys(columns).join(', ')})
    SELECT * FROM unnest(${arrays.join(', ')})`
}

const columnsOf = (rows: readonly Row[]): unknown[][] =>
  (rows[0] ?? []).map((_, column) => rows.map((row) => row[column]))

export async function openPostgresTables(url: string): Promise<Tables> {
  await (await openPostgresTelemetryStore(url)).close()
  const client = new pg.Client(url)
  await client.connect()
  return {
    async insert(rows: Rows, tables: readonly TableName[]) {
      await client.query('BEGIN')
      for (const table of tables) {
        if (rows[table].length === 0) continue
        const values = columnsOf(rows[table])
        await client.query({ name: table, text: statementOf(table), values })
      }
      await client.query('COMMIT')
    },
    close: () => client.end(),
  }
}
