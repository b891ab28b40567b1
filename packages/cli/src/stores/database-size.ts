/** How large the stores are on disk, for the metrics. */

import { stat } from 'node:fs/promises'
import { type Database, sqliteFilesOf } from '../config/database.ts'

export interface StoreSize {
  readonly store: string
  readonly bytes: number
}

export interface DatabaseSize {
  /** @throws Error when the database does not answer. */
  read(): Promise<readonly StoreSize[]>
  close(): Promise<void>
}

/** Opens nothing before the first read. */
export function databaseSize(database: Database): DatabaseSize {
  return database.kind === 'sqlite' ? sizeOfFiles(database.directory) : sizeInPostgres(database.url)
}

/** With the write-ahead logs. */
function sizeOfFiles(directory: string): DatabaseSize {
  const files = Object.entries(sqliteFilesOf(directory))
  return {
    read: () =>
      Promise.all(
        files.map(async ([store, path]) => {
          const [main, wal] = await Promise.all([bytesOf(path), bytesOf(`${path}-wal`)])
          return { store, bytes: main + wal }
        }),
      ),
    close: async () => {},
  }
}

/** 0 when it does not exist: the log of a database is removed when its last user closes it. */
async function bytesOf(path: string): Promise<number> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return { size: 0 }
    throw error
  })
  return found.size
}

const SCHEMA_SIZES = `SELECT nspname AS store, sum(pg_total_relation_size(pg_class.oid))::float8 AS bytes
  FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
  WHERE nspname IN ('auth', 'telemetry') AND relkind IN ('r', 'm') GROUP BY nspname`

/**
 * On a connection of its own, which is closed after a minute without a read: a slow answer keeps no
 * login and no report waiting.
 */
function sizeInPostgres(url: string): DatabaseSize {
  const opening = async () => {
    const { openPostgres } = await import('@modulariot/platform/postgres')
    return openPostgres(url, { applicationName: 'modulariot-metrics', maxConnections: 1 })
  }
  let opened: ReturnType<typeof opening> | null = null
  return {
    async read() {
      opened ??= opening()
      const { rows } = await (await opened).query<StoreSize & object>(SCHEMA_SIZES)
      return rows
    },
    close: async () => (await opened)?.close(),
  }
}
