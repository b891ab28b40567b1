/** Whether the database accepts writes: what it says, and a trial. */

import { StoreUnavailable } from '../errors.ts'
import type { Postgres } from './open-postgres.ts'

/**
 * A standby, or a primary that became one, answers every read and would look healthy.
 *
 * @throws StoreUnavailable when it does not answer, or accepts no writes.
 */
export async function assertWritable(postgres: Pick<Postgres, 'query'>): Promise<void> {
  const { rows } = await postgres.query<{ read_only: string }>(
    `SELECT current_setting('transaction_read_only') AS read_only`,
  )
  if (rows[0]?.read_only === 'on') throw new StoreUnavailable('PostgreSQL: the server is read-only')
}

/**
 * Writes a row of the schema's migrations, unchanged. For after a write that was refused: a server
 * whose disk is full says that it accepts writes.
 *
 * @throws StoreUnavailable
 */
export async function trialWrite(postgres: Pick<Postgres, 'query'>, schema: string): Promise<void> {
  await postgres.query(`UPDATE ${schema}.migrations SET applied_at = applied_at WHERE version = 1`)
}
