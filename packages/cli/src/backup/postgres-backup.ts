/** Dumps both schemas of a PostgreSQL database, as of one moment. */

import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { headInSnapshot, sealedKeysInSnapshot } from '@modulariot/auth/postgres'
import { openPostgres, type RunQuery } from '@modulariot/platform/postgres'
import { type Database, displayName } from '../config/database.ts'
import type { Environment } from '../config/read-settings.ts'
import { CliError } from '../errors/cli-error.ts'
import type { StoreName } from '../stores/open-stores.ts'
import { connectionEnvironment, findProgram, runProgram } from './postgres-programs.ts'
import type { BackupSource, CopiedStores } from './source.ts'

/** A large installation takes hours. */
const TIMEOUT_MS = 24 * 3_600_000
const DUMP = 'postgres.dump'

type PostgresDatabase = Extract<Database, { kind: 'postgres' }>

/** @throws CliError, before anything is written, when `pg_dump` does not fit the server. */
export async function postgresSource(
  database: PostgresDatabase,
  env: Environment,
): Promise<BackupSource> {
  const open = () => openPostgres(database.url, { applicationName: 'modulariot-backup' })
  const trial = open()
  const major = await serverMajor(trial.query).finally(() => trial.close())
  const program = await findProgram('pg_dump', env, major)
  const connection = connectionEnvironment(database.url, env, program)
  return {
    async copy(directory) {
      const postgres = open()
      try {
        return await postgres.transaction((query) => dump(query, database, connection, directory), {
          mode: 'snapshot',
          timeoutMs: TIMEOUT_MS,
        })
      } finally {
        await postgres.close()
      }
    },
  }
}

/** The transaction lends its snapshot to `pg_dump`, so that the head is that of the dump. */
async function dump(
  query: RunQuery,
  database: PostgresDatabase,
  connection: Environment,
  directory: string,
): Promise<CopiedStores> {
  const schemas = {
    auth: await versionOf(query, 'auth', database),
    telemetry: await versionOf(query, 'telemetry', database),
  }
  const trail = await headInSnapshot(query)
  const sealed = await sealedKeysInSnapshot(query)
  const { rows } = await query<{ snapshot: string }>('SELECT pg_export_snapshot() AS snapshot')
  const args = [
    ...['--format=custom', '--no-password', '--no-owner', '--no-privileges'],
    ...['--schema=auth', '--schema=telemetry', `--snapshot=${rows[0]?.snapshot}`],
  ]
  const file = openSync(join(directory, DUMP), 'wx', 0o600)
  try {
    await runProgram('pg_dump', args, { stdout: file, env: connection })
  } finally {
    closeSync(file)
  }
  return { schemas, trail, names: [DUMP], sealed }
}

async function versionOf(
  query: RunQuery,
  store: StoreName,
  database: PostgresDatabase,
): Promise<number> {
  const { rows: tables } = await query<{ found: boolean }>(
    `SELECT to_regclass('${store}.migrations') IS NOT NULL AS found`,
  )
  if (tables[0]?.found !== true) {
    throw new CliError(
      'not_found',
      `There is no installation in ${displayName(database)}: set MIOT_DATABASE_URL`,
    )
  }
  const { rows } = await query<{ version: number }>(
    `SELECT max(version) AS version FROM ${store}.migrations`,
  )
  return rows[0]?.version ?? 0
}

export async function serverMajor(query: RunQuery): Promise<number> {
  const { rows } = await query<{ server_version_num: string }>('SHOW server_version_num')
  return Math.floor(Number(rows[0]?.server_version_num) / 10_000)
}
