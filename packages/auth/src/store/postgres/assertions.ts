/** Used client assertions in PostgreSQL: written by logins, so without a change unit. */

import type { Postgres } from '@modulariot/platform/postgres'
import type { AssertionStore } from '../ports/assertions.ts'
import { withoutNul } from '../without-nul.ts'

/** Bounded, so that no login pays for a whole night of expired assertions. */
const ASSERTIONS_A_LOGIN_FORGETS = 100

/** Skips rows that another instance has locked. */
const forgetAssertions = (condition: string, limit: string): string =>
  `DELETE FROM auth.assertions WHERE ctid IN (
     SELECT ctid FROM auth.assertions WHERE ${condition} ORDER BY until LIMIT ${limit}
     FOR UPDATE SKIP LOCKED)`

export const SWEEP_ASSERTIONS = forgetAssertions('until < $1', '$2')

/**
 * The insert does not see that the same statement forgot a row, so the forgetting leaves out this
 * assertion, and the insert takes over its row if that has expired. The two never touch the same
 * row.
 */
const USE = {
  name: 'use-assertion',
  text: `WITH forgotten AS (${forgetAssertions(
    'until < $4 AND NOT (client_id = $1 AND jti = $2)',
    String(ASSERTIONS_A_LOGIN_FORGETS),
  )})
    INSERT INTO auth.assertions AS a (client_id, jti, until) VALUES ($1, $2, $3)
    ON CONFLICT (client_id, jti) DO UPDATE SET until = excluded.until WHERE a.until < $4`,
}

export function assertionStore(postgres: Postgres): AssertionStore {
  return {
    useAssertion: async ({ client_id, jti, until }, nowSeconds) => {
      const used = await postgres.query(USE, [client_id, withoutNul(jti), until, nowSeconds])
      return used.count === 1
    },
  }
}
