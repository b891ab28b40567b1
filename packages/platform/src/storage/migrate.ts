/**
 * Numbered migrations with checksums.
 *
 * A migration that has run is history: editing it would leave two installations with the same version
 * and different tables, so its text is compared with what ran, and a difference stops the start.
 */

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { atomically } from './atomically.ts'

export interface Migration {
  /** Counts from 1 without gaps. */
  readonly version: number
  readonly name: string
  readonly sql: string
}

/** The migrations of a folder of `0001-what-it-does.sql` files. */
export function readMigrations(folder: URL): Migration[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
  return files.map((file, index) => {
    const version = Number.parseInt(file, 10)
    if (version !== index + 1) throw new Error(`migration ${file} should have number ${index + 1}`)
    return { version, name: file.slice(5, -4), sql: readFileSync(new URL(file, folder), 'utf8') }
  })
}

/**
 * Brings the database to the newest version, in one transaction, so that two processes that start
 * together do it once.
 *
 * @throws Error when an applied migration has changed since, or the database is newer than this program.
 */
export function migrate(database: DatabaseSync, migrations: readonly Migration[]): void {
  atomically(database, () => {
    database.exec(
      `CREATE TABLE IF NOT EXISTS migrations (
        version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at TEXT NOT NULL
      ) STRICT`,
    )
    const applied = database
      .prepare('SELECT version, checksum FROM migrations ORDER BY version')
      .all() as { version: number; checksum: string }[]
    assertUnchanged(applied, migrations)
    const record = database.prepare(
      `INSERT INTO migrations (version, name, checksum, applied_at)
       VALUES (?, ?, ?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))`,
    )
    for (const migration of migrations.slice(applied.length)) {
      database.exec(migration.sql)
      record.run(migration.version, migration.name, checksum(migration))
    }
  })
}

function assertUnchanged(
  applied: readonly { version: number; checksum: string }[],
  migrations: readonly Migration[],
): void {
  for (const { version, checksum: recorded } of applied) {
    const migration = migrations[version - 1]
    if (migration === undefined) {
      throw new Error(
        `the database is at version ${version}, this program knows ${migrations.length}: run the newer program`,
      )
    }
    if (checksum(migration) !== recorded) {
      throw new Error(
        `migration ${version} (${migration.name}) has changed since it ran: restore its text and add a new one`,
      )
    }
  }
}

function checksum(migration: Migration): string {
  return createHash('sha256').update(migration.sql).digest('hex')
}
