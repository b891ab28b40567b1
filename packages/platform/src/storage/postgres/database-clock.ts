/** The time of the database's machine. */

import { openPostgres } from './open-postgres.ts'

/**
 * @returns Unix milliseconds. @throws StoreUnavailable, also for a pooler that pools by
 *   transaction.
 */
export async function postgresClock(url: string): Promise<number> {
  const postgres = openPostgres(url)
  try {
    const { rows } = await postgres.query<{ ms: number }>(
      'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms',
    )
    return Number(rows[0]?.ms)
  } finally {
    await postgres.close()
  }
}
