/** Migrations of one component's schema in a PostgreSQL database. */

import {
  type AppliedMigration,
  checksumOf,
  type Migrated,
  type Migration,
  pendingMigrations,
} from '../migrations.ts'
import { openPostgres, type Postgres } from './open-postgres.ts'
import type { RunQuery } from './session.ts'

/** An arbitrary number no one else uses; every component takes this lock to migrate. */
const ADVISORY_LOCK = 0x6d696f74 // "miot"
const TIMEOUT_MS = 15 * 60_000

/**
 * Migrates the schema to the newest version, in one transaction and under a lock, so that of
 * several instances that start together only one does it. An existing schema needs no CREATE
 * privilege on the database.
 *
 * @param schema also holds the table of applied migrations; a plain lower-case word.
 * @throws Error when an applied migration has changed since, or the database is newer than this
 *   program.
 */
export function migratePostgres(
  postgres: Postgres,
  schema: string,
  migrations: readonly Migration[],
): Promise<Migrated> {
  if (!/^[a-z]+$/.test(schema)) throw new Error(`${schema} is not a valid schema name`)
  return postgres.transaction(
    async (query) => {
      await query('SELECT pg_advisory_xact_lock($1)', [ADVISORY_LOCK])
      await assertUtf8(query)
      if (!(await hasMigrationsTable(query, schema))) {
        await query(
          `CREATE SCHEMA IF NOT EXISTS ${schema};
           CREATE TABLE ${schema}.migrations (
             version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at TEXT NOT NULL
           )`,
        )
      }
      const { rows: applied } = await query<AppliedMigration>(
        `SELECT version, checksum FROM ${schema}.migrations ORDER BY version`,
      )
      for (const migration of pendingMigrations(applied, migrations)) {
        await query(migration.sql)
        await query(
          `INSERT INTO ${schema}.migrations (version, name, checksum, applied_at)
           VALUES ($1, $2, $3, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))`,
          [migration.version, migration.name, checksumOf(migration)],
        )
      }
      return { from: applied.length, to: migrations.length }
    },
    { timeoutMs: TIMEOUT_MS },
  )
}

/**
 * Blocks migrations for the rest of the transaction, and therefore the start of any instance;
 * several transactions may do so at once. Returns false, without blocking, while a migration runs.
 */
export async function holdMigrations(query: RunQuery): Promise<boolean> {
  const { rows } = await query<{ held: boolean }>(
    'SELECT pg_try_advisory_xact_lock_shared($1) AS held',
    [ADVISORY_LOCK],
  )
  return rows[0]?.held === true
}

/** In any other encoding the database would refuse some names, or compare others wrongly. */
async function assertUtf8(query: RunQuery): Promise<void> {
  const { rows } = await query<{ server_encoding: string }>('SHOW server_encoding')
  const encoding = rows[0]?.server_encoding
  if (encoding !== 'UTF8') {
    throw new Error(`the database is encoded as ${encoding}: create one WITH ENCODING 'UTF8'`)
  }
}

/** The newest migration applied to the schema; 0 when there is none. Changes nothing. */
export async function appliedPostgresVersion(url: string, schema: string): Promise<number> {
  const postgres = openPostgres(url)
  try {
    if (!(await hasMigrationsTable(postgres.query, schema))) return 0
    const { rows } = await postgres.query<{ version: number | null }>(
      `SELECT max(version) AS version FROM ${schema}.migrations`,
    )
    return rows[0]?.version ?? 0
  } finally {
    await postgres.close()
  }
}

async function hasMigrationsTable(query: RunQuery, schema: string): Promise<boolean> {
  const { rows } = await query<{ present: string | null }>('SELECT to_regclass($1) AS present', [
    `${schema}.migrations`,
  ])
  return rows[0]?.present !== null
}
