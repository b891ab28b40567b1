/** Used client assertions in PostgreSQL: written by logins, so without a change unit. */

import { createGroups } from '@modulariot/platform/groups'
import type { Postgres } from '@modulariot/platform/postgres'
import type { AssertionStore, UsedAssertion } from '../ports/assertions.ts'
import { withoutNul } from '../without-nul.ts'

/** Bounded, so that no login pays for a whole night of expired assertions. */
const FORGOTTEN_AT_ONCE = 100
/** Assertions in one statement: fewer than it forgets, so that the table cannot grow. */
const USES = { atMost: 64, atATime: 2 }

/** Skips rows that another instance has locked. */
const forgetAssertions = (condition: string, limit: string): string =>
  `DELETE FROM auth.assertions WHERE ctid IN (
     SELECT ctid FROM auth.assertions WHERE ${condition} ORDER BY until LIMIT ${limit}
     FOR UPDATE SKIP LOCKED)`

export const SWEEP_ASSERTIONS = forgetAssertions('until < $1', '$2')

/**
 * The insert does not see that the same statement forgot a row, so the forgetting leaves out these
 * assertions, and the insert takes over their rows if they have expired. The two never touch the
 * same row. (`OFFSET 0`: as for clients, the plan is kept.)
 */
const USE = {
  name: 'use-assertions',
  text: `WITH used AS (
      SELECT n.* FROM (SELECT $1::text[] AS ids, $2::text[] AS jtis, $3::bigint[] AS ends OFFSET 0) p
      CROSS JOIN LATERAL unnest(p.ids, p.jtis, p.ends) AS n (client_id, jti, until)),
    forgotten AS (${forgetAssertions(
      'until < $4::bigint AND (client_id, jti) NOT IN (SELECT client_id, jti FROM used)',
      String(FORGOTTEN_AT_ONCE),
    )})
    INSERT INTO auth.assertions AS a (client_id, jti, until) SELECT * FROM used
    ON CONFLICT (client_id, jti) DO UPDATE SET until = excluded.until WHERE a.until < $4::bigint
    RETURNING client_id, jti`,
}

interface Use extends UsedAssertion {
  readonly nowSeconds: number
}

export function assertionStore(postgres: Postgres): AssertionStore {
  const use = createGroups((uses: readonly Use[]) => useAll(postgres, uses), USES)
  return {
    useAssertion: ({ jti, ...assertion }, nowSeconds) =>
      use({ ...assertion, jti: withoutNul(jti), nowSeconds }),
  }
}

/** Whether each of them is new. Of two that are the same, the first is. */
async function useAll(postgres: Postgres, uses: readonly Use[]): Promise<boolean[]> {
  const first = new Map<string, Use>()
  for (const use of uses) if (!first.has(keyOf(use))) first.set(keyOf(use), use)
  // All instances lock the rows in the same order, so that no two wait for each other.
  const rows = [...first.keys()].sort().map((key) => first.get(key) as Use)
  const { rows: stored } = await postgres.query<Pick<Use, 'client_id' | 'jti'>>(USE, [
    rows.map(({ client_id }) => client_id),
    rows.map(({ jti }) => jti),
    rows.map(({ until }) => until),
    // The earliest: a row that has expired for one of them only is not taken over.
    Math.min(...rows.map(({ nowSeconds }) => nowSeconds)),
  ])
  const fresh = new Set(stored.map(keyOf))
  return uses.map((use) => first.get(keyOf(use)) === use && fresh.has(keyOf(use)))
}

const keyOf = ({ client_id, jti }: Pick<Use, 'client_id' | 'jti'>): string =>
  JSON.stringify([client_id, jti])
