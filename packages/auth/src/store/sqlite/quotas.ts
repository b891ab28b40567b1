/** Tokens counted against quotas, one row a client. */

import type { DatabaseSync } from 'node:sqlite'
import type { GroupCommit } from '@modulariot/platform/storage'
import type { QuotaCount, QuotaStore, QuotaTake } from '../ports/quotas.ts'

/** @param write runs its work in a transaction that no listener is told of. */
export function quotaTable(database: DatabaseSync, write: GroupCommit): QuotaStore {
  // An instance whose clock is a little behind counts in the window that has begun elsewhere. A
  // window far ahead is a clock that was wrong, and must not starve the client until it comes.
  const used = (unit: string): string =>
    `iif(${unit} BETWEEN :${unit} AND :${unit} + 1, ${unit}_tokens, 0)`
  const latest = (unit: string): string =>
    `iif(${unit} BETWEEN :${unit} AND :${unit} + 1, ${unit}, :${unit})`
  const take = database.prepare(
    `INSERT INTO token_quotas (client_id, hour, hour_tokens, day, day_tokens)
     VALUES (:client_id, :hour, 1, :day, 1)
     ON CONFLICT (client_id) DO UPDATE SET
       hour = ${latest('hour')}, hour_tokens = ${used('hour')} + 1,
       day = ${latest('day')}, day_tokens = ${used('day')} + 1
     WHERE NOT :enforce
       OR (coalesce(${used('hour')} < :tokens_per_hour, TRUE)
         AND coalesce(${used('day')} < :tokens_per_day, TRUE))
     RETURNING hour_tokens, day_tokens`,
  )
  const read = database.prepare(
    `SELECT ${used('hour')} AS hour_tokens, ${used('day')} AS day_tokens FROM token_quotas
     WHERE client_id = :client_id`,
  )
  return {
    takeQuota: (asked: QuotaTake) =>
      write((): QuotaCount => {
        const { client_id, hour, day } = asked
        const taken = take.get({ ...asked, enforce: asked.enforce ? 1 : 0 })
        const counts = taken ?? read.get({ client_id, hour, day })
        return {
          taken: taken !== undefined,
          hour_tokens: counts?.hour_tokens as number,
          day_tokens: counts?.day_tokens as number,
        }
      }),
  }
}
