/** Used client assertions in SQLite: written by logins, so without a change unit. */

import type { AssertionStore } from '../ports/assertions.ts'
import { withoutNul } from '../without-nul.ts'
import type { Sqlite } from './connection.ts'

/** Bounded, so that no login pays for a whole night of expired assertions. */
const ASSERTIONS_A_LOGIN_FORGETS = 4

export const SWEEP_ASSERTIONS = `DELETE FROM assertions WHERE (client_id, jti) IN
   (SELECT client_id, jti FROM assertions WHERE until < ? ORDER BY until LIMIT ?)`
const USE = 'INSERT INTO assertions (client_id, jti, until) VALUES (?, ?, ?) ON CONFLICT DO NOTHING'

export function assertionStore({ sql, groupCommit }: Sqlite): AssertionStore {
  return {
    useAssertion: ({ client_id, jti, until }, nowSeconds) =>
      groupCommit(() => {
        sql(SWEEP_ASSERTIONS).run(nowSeconds, ASSERTIONS_A_LOGIN_FORGETS)
        return sql(USE).run(client_id, withoutNul(jti), until).changes === 1
      }),
  }
}
