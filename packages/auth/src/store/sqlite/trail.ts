/** The trail in SQLite: read, and cut at its oldest end. Entries are written by change-unit.ts. */

import { attempt } from '@modulariot/platform/storage'
import { auditFiltersOf, auditNullsOf } from '../audit-filters.ts'
import type { AuditCut, AuditQuery, TrailStore } from '../ports/trail.ts'
import { auditRowOf } from '../rows.ts'
import type { Change, ChangeUnit } from './change-unit.ts'
import type { Sqlite } from './connection.ts'

export function trailStore(sqlite: Sqlite, change: Change): TrailStore {
  const { sql } = sqlite
  return {
    recordAudit: (audit) => change((unit) => unit.audit([audit])),
    cutAudit: (cut) => change((unit) => cutAudit(sqlite, unit, cut)),
    listAudit: (query) => attempt(() => listAudit(sqlite, query).map(auditRowOf)),
    readAudit: ({ after, limit }) =>
      attempt(() =>
        sql('SELECT seq, entry, hash FROM audit WHERE seq > ? ORDER BY seq LIMIT ?')
          .all(after ?? Number.NEGATIVE_INFINITY, limit)
          .map(auditRowOf),
      ),
    readAuditBase: () =>
      attempt(() => {
        const row = sql('SELECT checkpoint FROM audit_base').get()
        return (row?.checkpoint as string | undefined) ?? null
      }),
  }
}

/** A text for each set of filters: SQLite uses an index only for a condition it sees. */
function listAudit({ sql }: Sqlite, query: AuditQuery) {
  const filters = auditFiltersOf(query)
  const named = filters.map(({ name }) => `${name} = ?`)
  const conditions = ['seq < ?', ...named, ...auditNullsOf(query)].join(' AND ')
  return sql(
    `SELECT seq, entry, hash FROM audit WHERE ${conditions} ORDER BY seq DESC LIMIT ?`,
  ).all(query.before ?? Number.MAX_SAFE_INTEGER, ...filters.map(({ value }) => value), query.limit)
}

/** False, and no change, when there is no such row. */
function cutAudit(
  { sql }: Sqlite,
  unit: ChangeUnit,
  { last: { seq, hash }, checkpoint, kid, audit }: AuditCut,
): boolean {
  if (sql('SELECT 1 FROM former_checkpoint_keys WHERE kid = ?').get(kid) !== undefined) return false
  const row = sql('SELECT 1 FROM audit WHERE seq = ? AND hash = ?').get(seq, hash)
  if (row === undefined) return false
  unit.audit([audit])
  sql('DELETE FROM audit WHERE seq <= ?').run(seq)
  sql('DELETE FROM audit_base').run()
  sql('INSERT INTO audit_base (seq, checkpoint) VALUES (?, ?)').run(seq, checkpoint)
  return true
}
