/**
 * Numbered migrations with checksums, independent of the database that runs them.
 *
 * An applied migration never changes: editing it would leave two installations with the same
 * version and different tables. So its text is compared with what was applied, and a difference
 * stops the start.
 */

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'

export interface Migration {
  /** Starts at 1, without gaps. */
  readonly version: number
  readonly name: string
  readonly sql: string
}

/** What a database records of an applied migration. */
export interface AppliedMigration {
  readonly version: number
  readonly checksum: string
}

/** The version before and after; 0 is an empty database. */
export interface Migrated {
  readonly from: number
  readonly to: number
}

/** Reads the migrations of a folder of `0001-what-it-does.sql` files. */
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
 * The migrations not applied yet.
 *
 * @param applied in order of version.
 * @throws Error when an applied migration has changed since, or the database is newer than this
 *   program.
 */
export function pendingMigrations(
  applied: readonly AppliedMigration[],
  migrations: readonly Migration[],
): readonly Migration[] {
  for (const { version, checksum } of applied) {
    const migration = migrations[version - 1]
    if (migration === undefined) {
      throw new Error(
        `the database is at version ${version}, this program knows ${migrations.length}: run the newer program`,
      )
    }
    if (checksumOf(migration) !== checksum) {
      throw new Error(
        `migration ${version} (${migration.name}) has changed since it ran: restore its text and add a new one`,
      )
    }
  }
  return migrations.slice(applied.length)
}

export function checksumOf(migration: Migration): string {
  return createHash('sha256').update(migration.sql).digest('hex')
}
