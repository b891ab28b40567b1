/** Refusals and counts over time in SQLite: written in batches, never announced. */

import { attempt } from '@modulariot/platform/storage'
import { EARLY_TOKENS, type RefusalEntry, TOKENS } from '../../records/activity.ts'
import type { Tenant } from '../../records/client.ts'
import type { ClientUsage } from '../../records/usage.ts'
import {
  activityCountOf,
  type CountRow,
  countsOf,
  countsOfRefusals,
  REFUSAL_COLUMNS,
  refusalFilters,
  refusalOf,
  sumCounts,
} from '../activity-rows.ts'
import type { ActivityStore, RefusalQuery } from '../ports/activity.ts'
import { SWEEP_ADDRESSES } from './addresses.ts'
import type { Sqlite } from './connection.ts'

export function activityStore(sqlite: Sqlite): ActivityStore {
  const { sql } = sqlite
  return {
    addRefusals: (refusals) =>
      sqlite.transaction(() => {
        for (const refusal of refusals) insertRefusal(sqlite, refusal)
        addCounts(sqlite, countsOfRefusals(refusals))
      }),
    listRefusals: (query) => attempt(() => listRefusals(sqlite, query)),
    listActivity: ({ org_id, environment, client_id, from, to }) =>
      attempt(() =>
        sql(COUNTS)
          .all(org_id, environment, client_id ?? '', from, to)
          .map(activityCountOf),
      ),
    sweepActivity: (beforeSeconds, keep, limit) =>
      sqlite.transaction(() => {
        const before = new Date(beforeSeconds * 1000).toISOString()
        const refusals = sql(SWEEP_REFUSALS).run(before, limit)
        const excess = sql(SWEEP_MOST).run(keep, limit)
        const counts = sql(SWEEP_COUNTS).run(beforeSeconds, limit)
        const addresses = sql(SWEEP_ADDRESSES).run(beforeSeconds, limit)
        const swept = [refusals, excess, counts, addresses]
        return swept.reduce((sum, { changes }) => sum + Number(changes), 0)
      }),
  }
}

/** Adds the tokens of a batch to the counts. A client that is gone has no counts. */
export function addTokenCounts(sqlite: Sqlite, clients: readonly ClientUsage[]): void {
  const tenant = sqlite.sql('SELECT org_id, environment FROM clients WHERE client_id = ?')
  const counts: CountRow[] = []
  for (const { client_id, last_issued_at: at, tokens_issued, tokens_early } of clients) {
    const of = tenant.get(client_id) as Tenant | undefined
    if (of === undefined || at === null) continue
    counts.push(...countsOf(of, client_id, { at, kind: TOKENS, count: tokens_issued }))
    counts.push(...countsOf(of, client_id, { at, kind: EARLY_TOKENS, count: tokens_early }))
  }
  addCounts(sqlite, sumCounts(counts))
}

function addCounts({ sql }: Sqlite, counts: readonly CountRow[]): void {
  for (const { org_id, environment, client_id, start, kind, count } of counts) {
    if (count > 0) sql(ADD_COUNT).run(org_id, environment, client_id, start, kind, count)
  }
}

const ADD_COUNT = `INSERT INTO activity (org_id, environment, client_id, start, kind, count)
   VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count`

const COUNTS = `SELECT start, kind, count FROM activity
   WHERE org_id = ? AND environment = ? AND client_id = ? AND start >= ? AND start < ?
   ORDER BY start, kind`

const SWEEP_REFUSALS = `DELETE FROM refusals WHERE id IN (
   SELECT id FROM refusals WHERE id < ? ORDER BY id LIMIT ?)`

/** Of the tenant with the most, so that one which causes many costs the others none. */
const SWEEP_MOST = `WITH
   tenants AS (SELECT org_id, environment, count(*) AS refusals FROM refusals GROUP BY 1, 2),
   most AS (SELECT org_id, environment,
      (SELECT sum(refusals) FROM tenants) - ? AS excess
    FROM tenants ORDER BY refusals DESC, org_id, environment LIMIT 1)
   DELETE FROM refusals WHERE id IN (
     SELECT r.id FROM refusals r JOIN most
       ON r.org_id IS most.org_id AND r.environment IS most.environment
     ORDER BY r.id LIMIT max(0, min(?, coalesce((SELECT excess FROM most), 0))))`

const SWEEP_COUNTS = `DELETE FROM activity
   WHERE (org_id, environment, client_id, start, kind) IN
     (SELECT org_id, environment, client_id, start, kind FROM activity WHERE start < ? LIMIT ?)`

const INSERT = `INSERT INTO refusals (${REFUSAL_COLUMNS.join(', ')})
   VALUES (${REFUSAL_COLUMNS.map(() => '?').join(', ')})`

function insertRefusal({ sql }: Sqlite, refusal: RefusalEntry): void {
  const row = { ...refusal, detail: JSON.stringify(refusal.detail) }
  sql(INSERT).run(...REFUSAL_COLUMNS.map((name) => row[name]))
}

/** A text for each set of filters: SQLite uses an index only for a condition it sees. */
function listRefusals({ sql }: Sqlite, query: RefusalQuery): RefusalEntry[] {
  const { tenant, unattributed, limit } = query
  const filters = refusalFilters(query)
  const values = filters.map(({ value }) => value)
  function select(whose: readonly string[], ...ids: readonly string[]): RefusalEntry[] {
    const conditions = [...whose, ...filters.map(({ text }) => text)].join(' AND ')
    return sql(
      `SELECT ${REFUSAL_COLUMNS.join(', ')} FROM refusals WHERE ${conditions}
       ORDER BY id DESC LIMIT ?`,
    )
      .all(...ids, ...values, limit)
      .map(refusalOf)
  }
  if (tenant === null) return select([])
  const own = select(['org_id = ?', 'environment = ?'], tenant.org_id, tenant.environment)
  if (!unattributed) return own
  const all = [...own, ...select(['org_id IS NULL'])]
  return all.sort((one, another) => (one.id > another.id ? -1 : 1)).slice(0, limit)
}
