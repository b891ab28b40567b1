/** The revocation feed as it is read; entries are written by change-unit.ts. */

import type { RevocationPage } from '@modulariot/oauth/protocol'
import type { Postgres, RunQuery } from '@modulariot/platform/postgres'
import { cursorOf, type FeedPlace, parseCursor } from '../feed-cursor.ts'
import type { RevocationFeed, RevokedTokens, TokenRevocation } from '../ports/revocations.ts'
import { type FeedRow, revocationOf } from '../revocation-rows.ts'
import { withoutNul } from '../without-nul.ts'
import type { ChangeUnit } from './change-unit.ts'

const IS_REVOKED = {
  name: 'is-token-revoked',
  text: `SELECT 1 FROM auth.revocations WHERE kind = 'token' AND subject = $1`,
}

/** One statement, so that the entries and the place where they end are of one moment. */
const READ = {
  name: 'read-revocations',
  text: `SELECT h.feed_seq AS head_seq, h.feed_id AS head_id, r.*
    FROM auth.revision h LEFT JOIN LATERAL (
      SELECT seq, id, kind, subject, issued_until, expires FROM auth.revocations
      WHERE seq > CASE
          WHEN (h.feed_seq = $1 AND h.feed_id = $2)
            OR EXISTS (SELECT 1 FROM auth.revocations WHERE seq = $1 AND id = $2)
          THEN $1 ELSE 0 END
        AND expires > $3
      ORDER BY seq LIMIT $4
    ) r ON TRUE
    ORDER BY r.seq`,
}

/** A place that no feed has. */
const NOWHERE: FeedPlace = { seq: -1, id: '' }

type PageRow = Partial<FeedRow> & { readonly head_seq: number; readonly head_id: string }

export function revocationReads(
  postgres: Postgres,
): RevocationFeed & Pick<RevokedTokens, 'isTokenRevoked'> {
  return {
    isTokenRevoked: async (jti) => (await postgres.query(IS_REVOKED, [withoutNul(jti)])).count > 0,

    readRevocations: async ({ after, limit, nowSeconds }): Promise<RevocationPage> => {
      const { seq, id } = (after === null ? null : parseCursor(after)) ?? NOWHERE
      const { rows } = await postgres.query<PageRow>(READ, [seq, id, nowSeconds, limit + 1])
      const { head_seq, head_id } = rows[0] as PageRow
      const found = rows.filter((row): row is FeedRow & PageRow => typeof row.seq === 'number')
      const shown = found.slice(0, limit)
      const last = shown.at(-1)
      const more = found.length > limit
      const end = more && last !== undefined ? last : { seq: head_seq, id: head_id }
      return { revocations: shown.map(revocationOf), cursor: cursorOf(end), more }
    },
  }
}

/**
 * Why nothing is to be written, or null. Asked before the change as well: who asks again and again
 * for what is refused must not hold up the changes of everybody else.
 */
export async function revocationRefusal(
  query: RunQuery,
  { jti, client_id }: TokenRevocation,
  maxLiving: number,
): Promise<'already' | 'too_many' | null> {
  if ((await query(IS_REVOKED, [jti])).count > 0) return 'already'
  const { rows } = await query<{ tokens: number }>(
    'SELECT count(*) AS tokens FROM auth.revocations WHERE client_id = $1',
    [client_id],
  )
  return (rows[0]?.tokens ?? 0) >= maxLiving ? 'too_many' : null
}

export async function revokeToken(
  unit: ChangeUnit,
  token: TokenRevocation,
  maxLiving: number,
): Promise<'revoked' | 'already' | 'too_many'> {
  const refusal = await revocationRefusal(unit.query, token, maxLiving)
  if (refusal !== null) return refusal
  const { jti, client_id, expires } = token
  unit.changed()
  await unit.revoke([{ kind: 'token', jti, expires }], client_id)
  return 'revoked'
}
