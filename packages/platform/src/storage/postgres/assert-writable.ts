/** Whether the database accepts writes. */

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
