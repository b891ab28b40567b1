/**
 * What each login may write: used assertions and quotas. One statement each, atomic by itself;
 * nobody waits for the lock of changes, and nobody is told.
 */

import type { Postgres } from '@modulariot/platform/postgres'
import type { AssertionStore } from '../ports/assertions.ts'
import type { QuotaCount, QuotaStore, QuotaTake } from '../ports/quotas.ts'
import { withoutNul } from '../without-nul.ts'

/** Bounded, so that no login pays for a whole night of them. */
const ASSERTIONS_A_LOGIN_FORGETS = 100

/** Rows that another instance is at are left to it. */
const FORGET_ASSERTIONS = (condition: string, limit: string): string =>
  `DELETE FROM auth.assertions WHERE ctid IN (
     SELECT ctid FROM auth.assertions WHERE ${condition} ORDER BY until LIMIT ${limit}
     FOR UPDATE SKIP LOCKED)`

/**
 * One that was forgotten in the same moment is not there for the insert, which therefore takes over
 * the row of one that has ended; the two never touch the same row.
 */
const USE_ASSERTION = {
  name: 'use-assertion',
  text: `WITH forgotten AS (${FORGET_ASSERTIONS(
    'until < $4 AND NOT (client_id = $1 AND jti = $2)',
    String(ASSERTIONS_A_LOGIN_FORGETS),
  )})
    INSERT INTO auth.assertions AS a (client_id, jti, until) VALUES ($1, $2, $3)
    ON CONFLICT (client_id, jti) DO UPDATE SET until = excluded.until WHERE a.until < $4`,
}

export const SWEEP_ASSERTIONS = FORGET_ASSERTIONS('until < $1', '$2')

// An instance whose clock is a little behind counts in the window that has begun elsewhere. A
// window far ahead is a clock that was wrong, and must not starve the client until it comes.
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

export function countingTables(postgres: Postgres): AssertionStore & QuotaStore {
  return {
    useAssertion: async ({ client_id, jti, until }, nowSeconds) => {
      const used = await postgres.query(USE_ASSERTION, [
        client_id,
        withoutNul(jti),
        until,
        nowSeconds,
      ])
      return used.count === 1
    },
    takeQuota: async (asked: QuotaTake) => {
      const { client_id, hour, day, tokens_per_hour, tokens_per_day, enforce } = asked
      const bounds = [enforce, tokens_per_hour, tokens_per_day]
      const taken = await postgres.query<Counts>(TAKE, [client_id, hour, day, ...bounds])
      if (taken.rows[0] !== undefined) return { taken: true, ...taken.rows[0] }
      const counts = await postgres.query<Counts>(COUNT, [client_id, hour, day])
      return { taken: false, ...(counts.rows[0] as Counts) }
    },
  }
}
