/** The tables of ModularIoT in a SQLite file, opened as the writer thread opens it. */

import { join } from 'node:path'
import { atomically, openDatabase } from '@modulariot/platform/storage'
import { openSqliteTelemetryStore } from '../../packages/api/src/store/sqlite/sqlite-store.ts'
import { tuneForAppends } from '../../packages/api/src/store/sqlite/tune.ts'
import type { Tables } from './bare-insert.ts'
import type { TableName } from './rows.ts'

export async function openSqliteTables(folder: string): Promise<Tables> {
  const path = join(folder, 'bare.db')
  await openSqliteTelemetryStore(path).close()
  const database = openDatabase(path)
  tuneForAppends(database)
  const values = (count: number): string => Array(count).fill('?').join(', ')
  const inserts = {
    observations: database.prepare(`INSERT INTO observations VALUES (${values(6)})`),
    requests: database.prepare(`INSERT INTO requests VALUES (${values(5)})`),
    positions: database.prepare(`INSERT INTO positions VALUES (${values(11)})`),
    metrics: database.prepare(`INSERT INTO metrics VALUES (${values(12)})`),
  } satisfies Record<TableName, unknown>
  return {
    insert: (rows, tables) =>
      atomically(database, () => {
        for (const table of tables) for (const row of rows[table]) inserts[table].run(...row)
      }),
    close: () => database.close(),
  }
}
