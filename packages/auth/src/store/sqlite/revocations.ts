/**
 * The revocation feed in SQLite: read, and single tokens put on it. Entries are written by
 * change-unit.ts.
 */

import type { RevocationPage } from '@modulariot/oauth/protocol'
import { attempt } from '@modulariot/platform/storage'
import { type FeedPlace, parseCursor } from '../feed-cursor.ts'
import type { RevocationFeed, RevokedTokens, TokenRevocation } from '../ports/revocations.ts'
import { type FeedRow, revocationPageOf } from '../revocation-rows.ts'
import type { Change, ChangeUnit } from './change-unit.ts'
import type { Sqlite } from './connection.ts'

const IS_REVOKED = `SELECT 1 FROM revocations WHERE kind = 'token' AND subject = ?`
const READ = `SELECT seq, id, kind, subject, issued_until, expires FROM revocations
   WHERE seq > ? AND expires > ? ORDER BY seq LIMIT ?`
export const SWEEP_REVOCATIONS = `DELETE FROM revocations WHERE seq IN
   (SELECT seq FROM revocations WHERE expires <= ? ORDER BY expires LIMIT ?)`

export function revocationStore(sqlite: Sqlite, change: Change): RevocationFeed & RevokedTokens {
  return {
    isTokenRevoked: (jti) => attempt(() => isRevoked(sqlite, jti)),
    readRevocations: ({ after, limit, nowSeconds }) =>
      attempt(() => readRevocations(sqlite, after, limit, nowSeconds)),
    revokeToken: (token, maxLiving) =>
      change((unit) => revokeToken(sqlite, unit, token, maxLiving)),
  }
}

function isRevoked({ sql }: Sqlite, jti: string): boolean {
  return sql(IS_REVOKED).get(jti) !== undefined
}

function readRevocations(
  { sql }: Sqlite,
  after: string | null,
  limit: number,
  nowSeconds: number,
): RevocationPage {
  const head = sql(
    'SELECT feed_seq AS seq, feed_id AS id FROM revision',
  ).get() as unknown as FeedPlace
  const place = after === null ? null : parseCursor(after)
  const known =
    place !== null &&
    ((place.seq === head.seq && place.id === head.id) ||
      sql('SELECT 1 FROM revocations WHERE seq = ? AND id = ?').get(place.seq, place.id) !==
        undefined)
  const rows = sql(READ).all(known ? place.seq : 0, nowSeconds, limit + 1) as FeedRow[]
  return revocationPageOf(rows, limit, head)
}

function revokeToken(
  sqlite: Sqlite,
  unit: ChangeUnit,
  { jti, client_id, expires }: TokenRevocation,
  maxLiving: number,
): 'revoked' | 'already' | 'too_many' {
  if (isRevoked(sqlite, jti)) return 'already'
  const count = sqlite.sql('SELECT count(*) AS tokens FROM revocations WHERE client_id = ?')
  if ((count.get(client_id)?.tokens as number) >= maxLiving) return 'too_many'
  unit.changed()
  unit.revoke([{ kind: 'token', jti, expires }], client_id)
  return 'revoked'
}
