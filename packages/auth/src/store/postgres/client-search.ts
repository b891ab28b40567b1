/** Searches clients in PostgreSQL; a page ends after a bounded number of clients, as in SQLite. */

import type { Postgres } from '@modulariot/platform/postgres'
import { clientPageOf, MAX_READ, MAX_SCANNED, narrowingOf, narrows } from '../client-query.ts'
import type { ClientPage, ClientQuery } from '../ports/clients.ts'
import { withoutNul } from '../without-nul.ts'

const WHOSE = `client_id > $1
  AND ($2::text IS NULL OR org_id = $2)
  AND ($3::text IS NULL OR environment = $3)
  AND ($4::text IS NULL OR external_id = $4)`

const SCANNED_TO = `SELECT client_id FROM auth.clients WHERE ${WHOSE}
  ORDER BY client_id LIMIT 1 OFFSET ${MAX_SCANNED}`

const LAST_ISSUED =
  '(SELECT last_issued_at FROM auth.client_usage u WHERE u.client_id = c.client_id)'

/** By primary keys. Joined to its secrets, a client would cost a look at the counters of all. */
const LAST_SECRET = `(SELECT max(last_used_at) FROM auth.secret_usage u WHERE u.secret_id = ANY (
    ARRAY (SELECT s ->> 'secret_id' FROM json_array_elements(c.document -> 'secrets') s)))`

/** $1 to $4 as above, $5 how many, $6 the last client that is looked at. */
export const NARROWED = `SELECT client_id, document::text AS document,
    greatest(${LAST_ISSUED}, ${LAST_SECRET}) AS last_used_at
  FROM auth.clients c
  WHERE ${WHOSE}
    AND ($6::text IS NULL OR client_id <= $6)
    AND ($7::text IS NULL OR status = $7)
    AND ($8::text IS NULL OR position($8 IN tags) > 0)
    AND ($9::text IS NULL OR search_text IS NULL OR position($9 IN search_text) > 0)
    AND (NOT $10::boolean OR ${LAST_ISSUED} IS NULL)
    AND ($11::text IS NULL OR coalesce(${LAST_ISSUED}, created_at) < $11)
    AND ($12::text IS NULL OR EXISTS (SELECT 1 FROM auth.refusals r
      WHERE r.client_id = c.client_id AND r.id >= $12))
    AND (NOT $13::boolean OR position('"expires_at":"' IN document::text) > 0)
  ORDER BY client_id LIMIT $5`

export async function searchClients(
  postgres: Postgres,
  { after, limit, ...filter }: ClientQuery,
): Promise<ClientPage> {
  const whose = [after ?? '', filter.org_id, filter.environment, filter.external_id].map((one) =>
    withoutNul(one ?? null),
  )
  const bounded = narrows(filter)
  const until = bounded ? await scannedTo(postgres, whose) : null
  const narrowing = narrowingOf(filter)
  const { status, tag, search, never_used, unused_since } = narrowing
  const { rows } = await postgres.query(NARROWED, [
    ...whose,
    Math.min(limit, MAX_READ) + 1,
    until,
    status,
    withoutNul(tag),
    withoutNul(search),
    never_used,
    unused_since,
    narrowing.failing_since,
    narrowing.secret_ends,
  ])
  // A full answer ends at its last row, whether the documents of all of them match or not.
  const end = rows.length > Math.min(limit, MAX_READ) ? (rows.at(-1)?.client_id as string) : until
  return clientPageOf(rows, limit, filter, end, (_, row) => row.last_used_at as string | null)
}

async function scannedTo(
  postgres: Postgres,
  whose: readonly (string | null)[],
): Promise<string | null> {
  const { rows } = await postgres.query<{ client_id: string }>(SCANNED_TO, whose)
  return rows[0]?.client_id ?? null
}
