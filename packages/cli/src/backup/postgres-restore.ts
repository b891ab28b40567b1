/** Restores a dump into an empty PostgreSQL database: all of it, or nothing. */

import { DatabaseInUse, withPostgresTables } from '@modulariot/platform/copy'
import { appliedPostgresVersion, openPostgres } from '@modulariot/platform/postgres'
import { parsePostgresUrl } from '@modulariot/platform/postgres-url'
import { type Database, displayName } from '../config/database.ts'
import type { Environment } from '../config/read-settings.ts'
import { CliError } from '../errors/cli-error.ts'
import { serverMajor } from './postgres-backup.ts'
import { connectionEnvironment, findProgram, runProgram } from './postgres-programs.ts'

/**
 * While it runs, instances that start wait.
 *
 * @param dump path of a file in `pg_dump`'s custom format.
 * @throws CliError when the database holds an installation, or an instance is connected.
 */
export async function restoreDump(
  database: Extract<Database, { kind: 'postgres' }>,
  env: Environment,
  dump: string,
): Promise<void> {
  const { url } = database
  const postgres = openPostgres(url, { applicationName: 'modulariot-copy' })
  const major = await serverMajor(postgres.query).finally(() => postgres.close())
  const program = await findProgram('pg_restore', env, major)
  for (const store of ['auth', 'telemetry']) {
    if ((await appliedPostgresVersion(url, store)) === 0) continue
    throw new CliError(
      'failure',
      `${displayName(database)} is not empty (schema ${store}): create a new database, and set MIOT_DATABASE_URL to it`,
    )
  }
  const args = [
    ...['--single-transaction', '--exit-on-error', '--no-owner', '--no-privileges'],
    ...['--no-password', `--dbname=${conninfo(parsePostgresUrl(url).database)}`, dump],
  ]
  const connection = connectionEnvironment(url, env, program)
  try {
    await withPostgresTables({ url, schema: 'auth' }, 'read', async () => {
      await runProgram('pg_restore', args, { env: connection })
    })
  } catch (error) {
    if (!(error instanceof DatabaseInUse)) throw error
    throw new CliError(
      'failure',
      `${displayName(database)} is in use: stop every miot serve on it first`,
    )
  }
}

/** The name alone would be read as a connection string if it looked like one. */
function conninfo(database: string): string {
  return `dbname='${database.replaceAll(/[\\']/g, '\\$&')}'`
}
