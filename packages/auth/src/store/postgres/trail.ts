/**
 * The trail in PostgreSQL: read, and cut at its oldest end. Entries are written by change-unit.ts.
 */

import type { Postgres } from '@modulariot/platform/postgres'
import { auditFiltersOf, auditNullsOf } from '../audit-filters.ts'
import type { AuditCut, AuditQuery, TrailStore } from '../ports/trail.ts'
import { auditRowOf } from '../rows.ts'
import { withoutNul } from '../without-nul.ts'
import type { Change, ChangeUnit } from './change-unit.ts'

const COLUMNS = 'seq, entry::text AS entry, hash'
const MIN_BIGINT = '-9223372036854775808'

export function trailStore(postgres: Postgres, change: Change): TrailStore {
  return {
    recordAudit: (audit) => change((unit) => unit.audit([audit])),
    cutAudit: (cut) => change((unit) => cutAudit(unit, cut)),
    listAudit: async (query) => (await listAudit(postgres, query)).rows.map(auditRowOf),
    readAudit: async ({ after, limit }) => {
      const { rows } = await postgres.query(
        `SELECT ${COLUMNS} FROM auth.audit WHERE seq >= $1 ORDER BY seq LIMIT $2`,
        [after === null ? MIN_BIGINT : after + 1, limit],
      )
      return rows.map(auditRowOf)
    },
    readAuditBase: async () => {
      const { rows } = await postgres.query('SELECT checkpoint FROM auth.audit_base')
      return (rows[0]?.checkpoint as string | undefined) ?? null
    },
  }
}

function listAudit(postgres: Postgres, query: AuditQuery) {
  const filters = auditFiltersOf(query)
  const named = filters.map(({ name }, index) => `${name} = $${index + 3}`)
  const conditions = ['seq < $1', ...named, ...auditNullsOf(query)]
  return postgres.query(
    `SELECT ${COLUMNS} FROM auth.audit WHERE ${conditions.join(' AND ')} ORDER BY seq DESC LIMIT $2`,
    [
      query.before ?? Number.MAX_SAFE_INTEGER,
      query.limit,
      ...filters.map(({ value }) => withoutNul(value)),
    ],
  )
}

/** False, and no change, when there is no such row. */
async function cutAudit(
  unit: ChangeUnit,
  { last: { seq, hash }, checkpoint, kid, audit }: AuditCut,
): Promise<boolean> {
  const row = await unit.query(
    `SELECT 1 FROM auth.audit WHERE seq = $1 AND hash = $2
       AND NOT EXISTS (SELECT 1 FROM auth.former_checkpoint_keys WHERE kid = $3)`,
    [seq, hash, kid],
  )
  if (row.count === 0) return false
  await unit.audit([audit])
  await unit.query('DELETE FROM auth.audit WHERE seq <= $1', [seq])
  await unit.query('DELETE FROM auth.audit_base')
  await unit.query('INSERT INTO auth.audit_base (seq, checkpoint) VALUES ($1, $2)', [
    seq,
    checkpoint,
  ])
  return true
}
