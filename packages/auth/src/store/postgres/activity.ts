/** Refusals and counts over time in PostgreSQL: written in batches, never announced. */

import type { Postgres, RunQuery } from '@modulariot/platform/postgres'
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
import { withoutNul } from '../without-nul.ts'
import { SWEEP_ADDRESSES } from './addresses.ts'

export function activityStore(postgres: Postgres): ActivityStore {
  return {
    addRefusals: async (refusals) => {
      if (refusals.length === 0) return
      await postgres.transaction(async (query) => {
        await insertRefusals(query, refusals)
        await addCounts(query, countsOfRefusals(refusals))
      })
    },
    listRefusals: (query) => listRefusals(postgres, query),
    listActivity: async ({ org_id, environment, client_id, from, to }) => {
      const values = [org_id, environment, withoutNul(client_id ?? ''), from, to]
      const { rows } = await postgres.query(COUNTS, values)
      return rows.map(activityCountOf)
    },
    sweepActivity: async (beforeSeconds, keep, limit) => {
      const before = new Date(beforeSeconds * 1000).toISOString()
      const refusals = await postgres.query(SWEEP_REFUSALS, [before, limit])
      const excess = await postgres.query(SWEEP_MOST, [keep, limit])
      const counts = await postgres.query(SWEEP_COUNTS, [beforeSeconds, limit])
      const addresses = await postgres.query(SWEEP_ADDRESSES, [beforeSeconds, limit])
      return refusals.count + excess.count + counts.count + addresses.count
    },
  }
}

/** Adds the tokens of a batch to the counts. A client that is gone has no counts. */
export async function addTokenCounts(
  query: RunQuery,
  clients: readonly ClientUsage[],
): Promise<void> {
  if (clients.length === 0) return
  const { rows } = await query<Tenant & { readonly client_id: string }>(
    'SELECT client_id, org_id, environment FROM auth.clients WHERE client_id = ANY ($1)',
    [clients.map(({ client_id }) => client_id)],
  )
  const tenants = new Map(rows.map((row) => [row.client_id, row]))
  const counts: CountRow[] = []
  for (const { client_id, last_issued_at: at, tokens_issued, tokens_early } of clients) {
    const of = tenants.get(client_id)
    if (of === undefined || at === null) continue
    counts.push(...countsOf(of, client_id, { at, kind: TOKENS, count: tokens_issued }))
    counts.push(...countsOf(of, client_id, { at, kind: EARLY_TOKENS, count: tokens_early }))
  }
  await addCounts(query, sumCounts(counts))
}

async function addCounts(query: RunQuery, all: readonly CountRow[]): Promise<void> {
  const counts = all.filter(({ count }) => count > 0)
  if (counts.length === 0) return
  await query(
    `INSERT INTO auth.activity AS a (org_id, environment, client_id, start, kind, count)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::bigint[])
     ON CONFLICT (org_id, environment, client_id, start, kind)
       DO UPDATE SET count = a.count + excluded.count`,
    [
      counts.map(({ org_id }) => org_id),
      counts.map(({ environment }) => environment),
      counts.map(({ client_id }) => client_id),
      counts.map(({ start }) => start),
      counts.map(({ kind }) => kind),
      counts.map(({ count }) => count),
    ],
  )
}

const COUNTS = `SELECT start, kind, count FROM auth.activity
   WHERE org_id = $1 AND environment = $2 AND client_id = $3 AND start >= $4 AND start < $5
   ORDER BY start, kind`

const SWEEP_REFUSALS = `DELETE FROM auth.refusals WHERE id IN (
   SELECT id FROM auth.refusals WHERE id < $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)`

/** Of the tenant with the most, so that one which causes many costs the others none. */
const SWEEP_MOST = `WITH
   tenants AS (SELECT org_id, environment, count(*) AS refusals FROM auth.refusals GROUP BY 1, 2),
   most AS (SELECT org_id, environment,
      (SELECT sum(refusals) FROM tenants)::bigint - $1::bigint AS excess
    FROM tenants ORDER BY refusals DESC, org_id, environment LIMIT 1)
   DELETE FROM auth.refusals WHERE id IN (
     SELECT r.id FROM auth.refusals r JOIN most
       ON r.org_id IS NOT DISTINCT FROM most.org_id AND r.environment IS NOT DISTINCT FROM most.environment
     ORDER BY r.id LIMIT greatest(0, least($2::bigint, (SELECT excess FROM most))) FOR UPDATE OF r SKIP LOCKED)`

const SWEEP_COUNTS = `DELETE FROM auth.activity WHERE ctid IN (
   SELECT ctid FROM auth.activity WHERE start < $1 ORDER BY start LIMIT $2 FOR UPDATE SKIP LOCKED)`

async function insertRefusals(query: RunQuery, refusals: readonly RefusalEntry[]): Promise<void> {
  const text = (name: keyof RefusalEntry) =>
    refusals.map((one) => withoutNul(one[name] as string | null))
  await query(
    `INSERT INTO auth.refusals (${REFUSAL_COLUMNS.join(', ')})
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
       $7::bigint[], $8::json[], $9::text[], $10::text[], $11::text[], $12::bigint[])`,
    [
      text('id'),
      text('org_id'),
      text('environment'),
      text('client_id'),
      text('kind'),
      text('endpoint'),
      refusals.map(({ status }) => status),
      refusals.map(({ detail }) => JSON.stringify(detail)),
      text('address'),
      text('user_agent'),
      text('request_id'),
      refusals.map(({ times }) => times),
    ],
  )
}

async function listRefusals(postgres: Postgres, query: RefusalQuery): Promise<RefusalEntry[]> {
  const { tenant, unattributed, limit } = query
  const filters = refusalFilters(query)
  const conditions = filters.map(({ text }, index) => text.replace('?', `$${index + 4}`))
  const columns = REFUSAL_COLUMNS.map((name) => (name === 'detail' ? 'detail::text' : name))
  const select = (whose: string) =>
    `(SELECT ${columns.join(', ')} FROM auth.refusals WHERE ${[whose, ...conditions].join(' AND ')}
      ORDER BY id DESC LIMIT $3)`
  // Without a tenant both parameters are null.
  const own = select('($1::text IS NULL OR org_id = $1) AND ($2::text IS NULL OR environment = $2)')
  const text =
    unattributed && tenant !== null
      ? `${own} UNION ALL ${select('org_id IS NULL')} ORDER BY id DESC LIMIT $3`
      : own
  const values = filters.map(({ value }) => withoutNul(value))
  const { org_id = null, environment = null } = tenant ?? {}
  const { rows } = await postgres.query(text, [org_id, environment, limit, ...values])
  return rows.map(refusalOf)
}
