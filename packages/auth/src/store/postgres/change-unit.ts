/**
 * One change of what caches hold: rows, trail, feed and revision, together or not at all.
 *
 * It begins by locking the one row of `revision`. So changes happen one after the other, whichever
 * instance makes them; each sees all of the one before, the trail has no gap, and the order of the
 * feed is the order of the commits. Reads and the counters of logins take no such lock.
 */

import { randomBytes } from 'node:crypto'
import type { Revocation } from '@modulariot/oauth/protocol'
import type { Postgres, QueryOptions, RunQuery } from '@modulariot/platform/postgres'
import { type AuditDraft, type AuditRow, nextRow } from '../../records/audit-entry.ts'
import type { FeedPlace } from '../feed-cursor.ts'
import type { RevisionRow } from '../revision.ts'
import { subjectOf } from '../revocation-rows.ts'
import { createSemaphore } from './semaphore.ts'

/** Each committed revision is announced here (NOTIFY). */
export const CHANNEL = 'modulariot_auth'

/** All changes wait for the same row; more of them would only keep connections from logins. */
const CHANGES_AT_A_TIME = 2
const CHANGE_TURN_MS = 3000

export interface ChangeUnit {
  readonly query: RunQuery
  /** The revision that this change will have. */
  readonly revision: number
  /** Marks that rows were written; otherwise the revision stays and no listener is notified. */
  changed(): void
  /** Marks that keys or audiences were written too. */
  keysChanged(): void
  audit(drafts: readonly AuditDraft[]): Promise<void>
  /** @param client_id of a token that is revoked by itself. */
  revoke(revocations: readonly Revocation[] | undefined, client_id?: string): Promise<void>
}

/**
 * Runs one change, and notifies listeners in this process before it resolves.
 *
 * @throws StoreUnavailable, StoreConflict, and what `work` throws.
 */
export type Change = <Result>(
  work: (unit: ChangeUnit) => Promise<Result>,
  options?: QueryOptions,
) => Promise<Result>

/** @param notify looks for changes and notifies listeners. */
export function createChange(postgres: Postgres, notify: () => Promise<void>): Change {
  const inTurn = createSemaphore(CHANGES_AT_A_TIME, CHANGE_TURN_MS)
  return async (work, options = {}) => {
    const result = await inTurn(() =>
      postgres.transaction((query) => runUnit(query, work), options),
    )
    await notify()
    return result
  }
}

async function runUnit<Result>(
  query: RunQuery,
  work: (unit: ChangeUnit) => Promise<Result>,
): Promise<Result> {
  const { rows } = await query<RevisionRow>(LOCK)
  const before = rows[0] as RevisionRow
  const after = { ...before, value: before.value + 1 }
  let changed = false
  const result = await work({
    query,
    revision: after.value,
    changed: () => {
      changed = true
    },
    keysChanged: () => {
      after.keys = after.value
    },
    audit: (drafts) => appendToTrail(query, drafts),
    revoke: async (revocations = [], client_id) => {
      for (const revocation of revocations) {
        after.feed_seq++
        after.feed_id = randomBytes(8).toString('hex')
        const place = { seq: after.feed_seq, id: after.feed_id }
        await appendToFeed(query, place, revocation, client_id ?? null)
      }
    },
  })
  if (changed) await query(ADVANCE, [after.value, after.keys, after.feed_seq, after.feed_id])
  return result
}

const LOCK = {
  name: 'revision-lock',
  text: 'SELECT value, keys, feed_seq, feed_id FROM auth.revision FOR UPDATE',
}
const ADVANCE = {
  name: 'revision-advance',
  text: `WITH advanced AS (
      UPDATE auth.revision SET value = $1, keys = $2, feed_seq = $3, feed_id = $4 RETURNING value)
    SELECT pg_notify('${CHANNEL}', value::text) FROM advanced`,
}

async function appendToTrail(query: RunQuery, drafts: readonly AuditDraft[]): Promise<void> {
  if (drafts.length === 0) return
  const { rows: head } = await query<Pick<AuditRow, 'seq' | 'hash'>>(
    'SELECT seq, hash FROM auth.audit ORDER BY seq DESC LIMIT 1',
  )
  const rows: AuditRow[] = []
  for (const draft of drafts) rows.push(nextRow(rows.at(-1) ?? head[0] ?? null, draft))
  await query(
    `INSERT INTO auth.audit (seq, entry, hash)
     SELECT * FROM unnest($1::bigint[], $2::json[], $3::text[])`,
    [rows.map(({ seq }) => seq), rows.map(({ entry }) => entry), rows.map(({ hash }) => hash)],
  )
}

async function appendToFeed(
  query: RunQuery,
  { seq, id }: FeedPlace,
  revocation: Revocation,
  client_id: string | null,
): Promise<void> {
  const { kind, expires } = revocation
  const subject = subjectOf(revocation)
  const issued_until = kind === 'client' ? revocation.issued_until : null
  // A client that is cut off again moves to the end, where every follower finds it.
  await query('DELETE FROM auth.revocations WHERE kind = $1 AND subject = $2', [kind, subject])
  await query(
    `INSERT INTO auth.revocations (seq, id, kind, subject, client_id, issued_until, expires)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [seq, id, kind, subject, client_id, issued_until, expires],
  )
}
