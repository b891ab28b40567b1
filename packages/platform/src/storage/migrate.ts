/** Migrations of a SQLite file. */

import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { atomically } from './atomically.ts'
import { openSoundly } from './damage.ts'
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
 * @throws Error when an applied migration has changed since, the database is newer than this
 *   program, or another program's. StoreDamaged.
 */
export function migrate(database: DatabaseSync, migrations: readonly Migration[]): Migrated {
  return openSoundly(database.location() ?? 'the database', () => apply(database, migrations))
}

function apply(database: DatabaseSync, migrations: readonly Migration[]): Migrated {
  return atomically(database, () => {
    assertOurs(database)
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

/** A database with tables, and without migrations, is another program's. */
function assertOurs(database: DatabaseSync): void {
  const found = database
    .prepare(
      `SELECT count(*) AS tables, coalesce(max(name = 'migrations'), 0) AS ours
       FROM sqlite_schema WHERE type = 'table'`,
    )
    .get() as { tables: number; ours: number }
  if (found.tables > 0 && found.ours === 0) {
    throw new Error(
      `${database.location()} is a database of another program: choose another directory, or move it away`,
    )
  }
}

/** The newest migration applied to the file; 0 when there is none. Changes nothing. */
export function appliedVersion(path: string): number {
  if (!existsSync(path)) return 0
  assertPrivateDatabase(path)
  return openSoundly(path, () => newestIn(path))
}

function newestIn(path: string): number {
  using database = new DatabaseSync(path, { readOnly: true })
  const noted = `SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'`
  if (database.prepare(noted).get() === undefined) return 0
  const row = database.prepare('SELECT max(version) AS version FROM migrations').get()
  return (row as { version: number | null }).version ?? 0
}
