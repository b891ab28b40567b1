/** Token quotas in SQLite, one row a client: counted by logins, so without a change unit. */

import type { QuotaCount, QuotaStore } from '../ports/quotas.ts'
import type { Sqlite } from './connection.ts'

// An instance whose clock is a little slow counts in the window that has begun elsewhere. A window
// far ahead comes from a clock that was wrong, and must not starve the client until then.
const isCurrent = (unit: string): string => `${unit} BETWEEN :${unit} AND :${unit} + 1`
const used = (unit: string): string => `iif(${isCurrent(unit)}, ${unit}_tokens, 0)`
const latest = (unit: string): string => `iif(${isCurrent(unit)}, ${unit}, :${unit})`

const TAKE = `INSERT INTO token_quotas (client_id, hour, hour_tokens, day, day_tokens)
   VALUES (:client_id, :hour, 1, :day, 1)
   ON CONFLICT (client_id) DO UPDATE SET
     hour = ${latest('hour')}, hour_tokens = ${used('hour')} + 1,
     day = ${latest('day')}, day_tokens = ${used('day')} + 1
   WHERE NOT :enforce
     OR (coalesce(${used('hour')} < :tokens_per_hour, TRUE)
       AND coalesce(${used('day')} < :tokens_per_day, TRUE))
   RETURNING hour_tokens, day_tokens`
const COUNT = `SELECT ${used('hour')} AS hour_tokens, ${used('day')} AS day_tokens
   FROM token_quotas WHERE client_id = :client_id`

type Counts = Omit<QuotaCount, 'taken'>

export function quotaStore({ sql, groupCommit }: Sqlite): QuotaStore {
  return {
    takeQuota: (take) =>
      groupCommit((): QuotaCount => {
        const { client_id, hour, day, enforce } = take
        const taken = sql(TAKE).get({ ...take, enforce: enforce ? 1 : 0 })
        if (taken !== undefined) return { taken: true, ...(taken as unknown as Counts) }
        const counts = sql(COUNT).get({ client_id, hour, day })
        return { taken: false, ...(counts as unknown as Counts) }
      }),
  }
}
