/**
 * One change of what caches hold: rows, trail, feed and revision, together or not at all.
 *
 * It begins by taking SQLite's write lock. So changes happen one after the other, whichever process
 * makes them; each sees all of the one before, the trail has no gap, and the order of the feed is
 * the order of the commits.
 */

import { randomBytes } from 'node:crypto'
import type { Revocation } from '@modulariot/oauth/protocol'
import { type AuditDraft, type AuditRow, nextRow } from '../../records/audit-entry.ts'
import type { FeedPlace } from '../feed-cursor.ts'
import type { RevisionRow } from '../revision.ts'
import { subjectOf } from '../revocation-rows.ts'
import type { Sqlite } from './connection.ts'

export interface ChangeUnit {
  /** The revision that this change will have. */
  readonly revision: number
  /** Marks that rows were written; otherwise the revision stays and no listener is notified. */
  changed(): void
  /** Marks that keys or audiences were written too. */
  keysChanged(): void
  audit(drafts: readonly AuditDraft[]): void
  /** @param client_id of a token that is revoked by itself. */
  revoke(revocations: readonly Revocation[] | undefined, client_id?: string): void
}

/** Runs one change, and notifies listeners in this process before it resolves. */
export type Change = <Result>(work: (unit: ChangeUnit) => Result) => Promise<Result>

/** @param notify looks for changes and notifies listeners. */
export function createChange(sqlite: Sqlite, notify: () => void): Change {
  return (work) => {
    const result = sqlite.transaction(() => runUnit(sqlite, work))
    notify()
    return result
  }
}

function runUnit<Result>(sqlite: Sqlite, work: (unit: ChangeUnit) => Result): Result {
  const before = sqlite.sql(REVISION).get() as unknown as RevisionRow
  const after = { ...before, value: before.value + 1 }
  let changed = false
  const result = work({
    revision: after.value,
    changed: () => {
      changed = true
    },
    keysChanged: () => {
      after.keys = after.value
    },
    audit: (drafts) => appendToTrail(sqlite, drafts),
    revoke: (revocations = [], client_id) => {
      for (const revocation of revocations) {
        after.feed_seq++
        after.feed_id = randomBytes(8).toString('hex')
        const place = { seq: after.feed_seq, id: after.feed_id }
        appendToFeed(sqlite, place, revocation, client_id ?? null)
      }
    },
  })
  if (changed) sqlite.sql(ADVANCE).run(after.value, after.keys, after.feed_seq, after.feed_id)
  return result
}

const REVISION = 'SELECT value, keys, feed_seq, feed_id FROM revision'
const ADVANCE = 'UPDATE revision SET value = ?, keys = ?, feed_seq = ?, feed_id = ?'

function appendToTrail({ sql }: Sqlite, drafts: readonly AuditDraft[]): void {
  if (drafts.length === 0) return
  const head = sql('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1').get()
  const insert = sql('INSERT INTO audit (seq, entry, hash) VALUES (?, ?, ?)')
  let previous = (head ?? null) as Pick<AuditRow, 'seq' | 'hash'> | null
  for (const draft of drafts) {
    const row = nextRow(previous, draft)
    insert.run(row.seq, row.entry, row.hash)
    previous = row
  }
}

function appendToFeed(
  { sql }: Sqlite,
  { seq, id }: FeedPlace,
  revocation: Revocation,
  client_id: string | null,
): void {
  const { kind, expires } = revocation
  const subject = subjectOf(revocation)
  const issued_until = kind === 'client' ? revocation.issued_until : null
  // A client that is cut off again moves to the end, where every follower finds it.
  sql('DELETE FROM revocations WHERE kind = ? AND subject = ?').run(kind, subject)
  sql(
    `INSERT INTO revocations (seq, id, kind, subject, client_id, issued_until, expires)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  ).run(seq, id, kind, subject, client_id, issued_until, expires)
}
