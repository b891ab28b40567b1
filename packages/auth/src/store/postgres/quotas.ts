/**
 * Token quotas in PostgreSQL, one row a client: counted by logins, so without a change unit.
 */

import type { Postgres } from '@modulariot/platform/postgres'
import type { QuotaCount, QuotaStore } from '../ports/quotas.ts'

// An instance whose clock is a little slow counts in the window that has begun elsewhere. A window
// far ahead comes from a clock that was wrong, and must not starve the client until then.
const isCurrent = (unit: string, now: string): string =>
  `q.${unit} BETWEEN ${now}::bigint AND ${now}::bigint + 1`
const used = (unit: string, now: string): string =>
  `CASE WHEN ${isCurrent(unit, now)} THEN q.${unit}_tokens ELSE 0 END`
const latest = (unit: string, now: string): string =>
  `CASE WHEN ${isCurrent(unit, now)} THEN q.${unit} ELSE ${now}::bigint END`

const TAKE = {
  name: 'take-quota',
  text: `INSERT INTO auth.token_quotas AS q (client_id, hour, hour_tokens, day, day_tokens)
    VALUES ($1, $2, 1, $3, 1)
    ON CONFLICT (client_id) DO UPDATE SET
      hour = ${latest('hour', '$2')}, hour_tokens = ${used('hour', '$2')} + 1,
      day = ${latest('day', '$3')}, day_tokens = ${used('day', '$3')} + 1
    WHERE NOT $4::boolean
      OR (coalesce(${used('hour', '$2')} < $5::bigint, TRUE)
        AND coalesce(${used('day', '$3')} < $6::bigint, TRUE))
    RETURNING hour_tokens, day_tokens`,
}
const COUNT = {
  name: 'count-quota',
  text: `SELECT ${used('hour', '$2')} AS hour_tokens, ${used('day', '$3')} AS day_tokens
    FROM auth.token_quotas q WHERE client_id = $1`,
}

type Counts = Omit<QuotaCount, 'taken'>

export function quotaStore(postgres: Postgres): QuotaStore {
  return {
    takeQuota: async ({ client_id, hour, day, enforce, tokens_per_hour, tokens_per_day }) => {
      const bounds = [enforce, tokens_per_hour, tokens_per_day]
      const taken = await postgres.query<Counts>(TAKE, [client_id, hour, day, ...bounds])
      if (taken.rows[0] !== undefined) return { taken: true, ...taken.rows[0] }
      const counts = await postgres.query<Counts>(COUNT, [client_id, hour, day])
      return { taken: false, ...(counts.rows[0] as Counts) }
    },
  }
}
