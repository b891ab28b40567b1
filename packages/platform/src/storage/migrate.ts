/** Migrations of a SQLite file. */

import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { atomically } from './atomically.ts'
import {
  type AppliedMigration,
  checksumOf,
  type Migrated,
  type Migration,
  pendingMigrations,
} from './migrations.ts'
import { assertPrivateDatabase } from './open-sqlite.ts'

/**
 * Migrates the database to the newest version, in one transaction, so that of two processes that
 * start together only one does it.
 *
 * @throws Error when an applied migration has changed since, or the database is newer than this
 *   program.
 */
export function migrate(database: DatabaseSync, migrations: readonly Migration[]): Migrated {
  return atomically(database, () => {
    database.exec(
      `CREATE TABLE IF NOT EXISTS migrations (
        version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at TEXT NOT NULL
      ) STRICT`,
    )
    const applied = database
      .prepare('SELECT version, checksum FROM migrations ORDER BY version')
      .all() as unknown as AppliedMigration[]
    const record = database.prepare(
      `INSERT INTO migrations (version, name, checksum, applied_at)
       VALUES (?, ?, ?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))`,
    )
    for (const migration of pendingMigrations(applied, migrations)) {
      database.exec(migration.sql)
      record.run(migration.version, migration.name, checksumOf(migration))
    }
    return { from: applied.length, to: migrations.length }
  })
}

/** The newest migration applied to the file; 0 when there is none. Changes nothing. */
export function appliedVersion(path: string): number {
  if (!existsSync(path)) return 0
  assertPrivateDatabase(path)
  using database = new DatabaseSync(path, { readOnly: true })
  const noted = `SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'`
  if (database.prepare(noted).get() === undefined) return 0
  const row = database.prepare('SELECT max(version) AS version FROM migrations').get()
  return (row as { version: number | null }).version ?? 0
}
