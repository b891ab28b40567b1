/**
 * The revocation feed in PostgreSQL: read, and single tokens put on it. Entries are written by
 * change-unit.ts.
 */

import type { RevocationPage } from '@modulariot/oauth/protocol'
import type { Postgres, RunQuery } from '@modulariot/platform/postgres'
import { type FeedPlace, parseCursor } from '../feed-cursor.ts'
import type { RevocationFeed, RevokedTokens, TokenRevocation } from '../ports/revocations.ts'
import { type FeedRow, revocationPageOf } from '../revocation-rows.ts'
import { withoutNul } from '../without-nul.ts'
import type { Change, ChangeUnit } from './change-unit.ts'

const IS_REVOKED = {
  name: 'is-token-revoked',
  text: `SELECT 1 FROM auth.revocations WHERE kind = 'token' AND subject = $1`,
}

/** One statement, so that the entries and the head of the feed are of one moment. */
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

/**
 * By the database's clock too: one instance whose clock is wrong must not make revoked tokens valid
 * for all.
 */
export const SWEEP_REVOCATIONS = `DELETE FROM auth.revocations WHERE ctid IN (
   SELECT ctid FROM auth.revocations
   WHERE expires <= least($1::bigint, extract(epoch FROM now())::bigint) ORDER BY expires LIMIT $2
   FOR UPDATE SKIP LOCKED)`

/** A place that no feed has. */
const NOWHERE: FeedPlace = { seq: -1, id: '' }

type PageRow = Partial<FeedRow> & { readonly head_seq: number; readonly head_id: string }

export function revocationStore(
  postgres: Postgres,
  change: Change,
): RevocationFeed & RevokedTokens {
  return {
    isTokenRevoked: (jti) => isRevoked(postgres.query, withoutNul(jti)),
    readRevocations: ({ after, limit, nowSeconds }) =>
      readRevocations(postgres, after, limit, nowSeconds),
    // Checked before the change too: a client that repeats a refused request must not hold up the
    // changes of others.
    revokeToken: async (token, maxLiving) =>
      (await revocationRefusal(postgres.query, token, maxLiving)) ??
      change((unit) => revokeToken(unit, token, maxLiving)),
  }
}

async function isRevoked(query: RunQuery, jti: string): Promise<boolean> {
  return (await query(IS_REVOKED, [jti])).count > 0
}

async function readRevocations(
  postgres: Postgres,
  after: string | null,
  limit: number,
  nowSeconds: number,
): Promise<RevocationPage> {
  const { seq, id } = (after === null ? null : parseCursor(after)) ?? NOWHERE
  const { rows } = await postgres.query<PageRow>(READ, [seq, id, nowSeconds, limit + 1])
  const { head_seq, head_id } = rows[0] as PageRow
  // An empty page still has a row, for the head.
  const found = rows.filter((row): row is FeedRow & PageRow => typeof row.seq === 'number')
  return revocationPageOf(found, limit, { seq: head_seq, id: head_id })
}

/** Why the token is not put on the feed; null: it can be. */
async function revocationRefusal(
  query: RunQuery,
  { jti, client_id }: TokenRevocation,
  maxLiving: number,
): Promise<'already' | 'too_many' | null> {
  if (await isRevoked(query, jti)) return 'already'
  const { rows } = await query<{ tokens: number }>(
    'SELECT count(*) AS tokens FROM auth.revocations WHERE client_id = $1',
    [client_id],
  )
  return (rows[0]?.tokens ?? 0) >= maxLiving ? 'too_many' : null
}

async function revokeToken(
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
