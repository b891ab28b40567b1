/** The revocation feed: entries in the order they came, each until what it kills has expired. */

import { randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { Revocation, RevocationPage } from '@modulariot/oauth/protocol'
import { attempt } from '@modulariot/platform/storage'
import { cursorOf, parseCursor } from '../feed-cursor.ts'
import type { RevocationFeed, RevokedTokens } from '../ports/revocations.ts'
import { type FeedRow, revocationOf, subjectOf } from '../revocation-rows.ts'

export interface RevocationTable extends RevocationFeed, Pick<RevokedTokens, 'isTokenRevoked'> {
  /** Runs inside a transaction. */
  insert(revocation: Revocation, client_id: string | null): void
  /** Tokens of the client on the feed. Runs inside a transaction. */
  countTokens(client_id: string): number
  /** False when it is there already. Runs inside a transaction. */
  hasToken(jti: string): boolean
  hasKey(kid: string): boolean
  forget(nowSeconds: number, limit: number): number
}

export function revocationTable(database: DatabaseSync): RevocationTable {
  const sql = prepareStatements(database)

  function insert(revocation: Revocation, client_id: string | null): void {
    const { kind, expires } = revocation
    const subject = subjectOf(revocation)
    const issued_until = kind === 'client' ? revocation.issued_until : null
    // A client that is cut off again moves to the end, where every follower finds it.
    sql.remove.run(kind, subject)
    const id = randomBytes(8).toString('hex')
    const { feed_seq: seq } = sql.advance.get(id) as { feed_seq: number }
    sql.insert.run(seq, id, kind, subject, client_id, issued_until, expires)
  }

  /** The head is read first: what comes between the two reads is then behind it, and not lost. */
  function page(after: string | null, limit: number, nowSeconds: number): RevocationPage {
    const head = sql.head.get() as { seq: number; id: string }
    const asked = after === null ? null : parseCursor(after)
    const known =
      asked !== null &&
      ((asked.seq === head.seq && asked.id === head.id) ||
        sql.known.get(asked.seq, asked.id) !== undefined)
    const rows = sql.after.all(known ? asked.seq : 0, nowSeconds, limit + 1) as FeedRow[]
    const shown = rows.slice(0, limit)
    const last = shown.at(-1)
    const more = rows.length > limit
    const end = last !== undefined && (more || last.seq > head.seq) ? last : head
    return { revocations: shown.map(revocationOf), cursor: cursorOf(end), more }
  }

  return {
    insert,
    countTokens: (client_id) => (sql.count.get(client_id) as { tokens: number }).tokens,
    hasToken: (jti) => sql.token.get(jti) !== undefined,
    hasKey: (kid) => sql.key.get(kid) !== undefined,
    forget: (nowSeconds, limit) => Number(sql.forget.run(nowSeconds, limit).changes),
    isTokenRevoked: (jti) => attempt(() => sql.token.get(jti) !== undefined),
    readRevocations: ({ after, limit, nowSeconds }) =>
      attempt(() => page(after, limit, nowSeconds)),
  }
}

function prepareStatements(database: DatabaseSync) {
  const columns = 'seq, id, kind, subject, client_id, issued_until, expires'
  return {
    head: database.prepare('SELECT feed_seq AS seq, feed_id AS id FROM revision'),
    advance: database.prepare(
      'UPDATE revision SET feed_seq = feed_seq + 1, feed_id = ? RETURNING feed_seq',
    ),
    known: database.prepare('SELECT 1 FROM revocations WHERE seq = ? AND id = ?'),
    after: database.prepare(
      `SELECT ${columns} FROM revocations WHERE seq > ? AND expires > ? ORDER BY seq LIMIT ?`,
    ),
    remove: database.prepare('DELETE FROM revocations WHERE kind = ? AND subject = ?'),
    insert: database.prepare(`INSERT INTO revocations (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?)`),
    token: database.prepare(`SELECT 1 FROM revocations WHERE kind = 'token' AND subject = ?`),
    key: database.prepare(`SELECT 1 FROM revocations WHERE kind = 'key' AND subject = ?`),
    count: database.prepare('SELECT count(*) AS tokens FROM revocations WHERE client_id = ?'),
    forget: database.prepare(
      `DELETE FROM revocations WHERE seq IN
         (SELECT seq FROM revocations WHERE expires <= ? ORDER BY expires LIMIT ?)`,
    ),
  }
}
