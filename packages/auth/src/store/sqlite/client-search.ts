/**
 * Searches clients in SQLite, which serves no other request while it reads. So a page ends after a
 * bounded number of clients, whether they match or not: it may hold fewer than `limit`.
 */

import type { Client } from '../../records/client.ts'
import { clientPageOf, MAX_READ, MAX_SCANNED, narrowingOf, narrows } from '../client-query.ts'
import type { ClientPage, ClientQuery } from '../ports/clients.ts'
import type { Sqlite } from './connection.ts'

export const BY_EXTERNAL_ID =
  'SELECT document FROM clients WHERE org_id = ? AND environment = ? AND external_id = ?'

/** Of one tenant, along the index that has all columns but the document; or of all tenants. */
const WHOSE = {
  tenant: 'org_id = :org_id AND environment = :environment AND client_id > :after',
  all: 'client_id > :after',
} as const

const pageOf = (whose: string): string =>
  `SELECT document FROM clients WHERE ${whose} ORDER BY client_id LIMIT :limit`

const scannedTo = (whose: string): string =>
  `SELECT client_id FROM clients WHERE ${whose} ORDER BY client_id LIMIT 1 OFFSET ${MAX_SCANNED}`

const narrowed = (whose: string): string =>
  `SELECT (SELECT document FROM clients d WHERE d.client_id = c.client_id) AS document
   FROM clients c
   WHERE ${whose}
     AND client_id <= coalesce(:until, x'') -- a blob sorts after every text
     AND (:org_id IS NULL OR org_id = :org_id)
     AND (:environment IS NULL OR environment = :environment)
     AND (:external_id IS NULL OR external_id = :external_id)
     AND (:status IS NULL OR status = :status)
     AND (:tag IS NULL OR instr(tags, :tag) > 0)
     AND (:search IS NULL OR search_text IS NULL OR instr(search_text, :search) > 0)
     AND (NOT :never_used OR ${LAST_ISSUED} IS NULL)
     AND (:unused_since IS NULL OR coalesce(${LAST_ISSUED}, created_at) < :unused_since)
     AND (:failing_since IS NULL OR EXISTS (SELECT 1 FROM refusals r
       WHERE r.client_id = c.client_id AND r.id >= :failing_since))
     AND (NOT :secret_ends OR instr(document, '"expires_at":"') > 0)
   ORDER BY client_id`

/** Uses of secrets are looked at with the document, which names them. */
const LAST_ISSUED = '(SELECT last_issued_at FROM client_usage u WHERE u.client_id = c.client_id)'

export function searchClients(
  sqlite: Sqlite,
  { after, limit, ...filter }: ClientQuery,
): ClientPage {
  const { sql } = sqlite
  const lastUseOf = (client: Client): string | null => lastUse(sqlite, client)
  const { org_id, environment, external_id } = filter
  const ofTenant = org_id !== undefined && environment !== undefined
  if (ofTenant && external_id !== undefined) {
    // At most one client has it, so a second page is empty.
    const row = after === null && sql(BY_EXTERNAL_ID).get(org_id, environment, external_id)
    return clientPageOf(row ? [row] : [], limit, filter, null, lastUseOf)
  }
  const whose = ofTenant ? WHOSE.tenant : WHOSE.all
  const from = { ...(ofTenant && { org_id, environment }), after: after ?? '' }
  if (ofTenant && !narrows(filter)) {
    const rows = sql(pageOf(whose)).iterate({ ...from, limit: MAX_READ + 1 })
    return clientPageOf(rows, limit, filter, null, lastUseOf)
  }
  const until = (sql(scannedTo(whose)).get(from)?.client_id as string | undefined) ?? null
  const { never_used, secret_ends, ...narrowing } = narrowingOf(filter)
  const tenant = { org_id: org_id ?? null, environment: environment ?? null }
  const rows = sql(narrowed(whose)).iterate({
    ...{ ...narrowing, ...tenant, external_id: external_id ?? null },
    ...{
      after: after ?? '',
      until,
      never_used: never_used ? 1 : 0,
      secret_ends: secret_ends ? 1 : 0,
    },
  })
  return clientPageOf(rows, limit, filter, until, lastUseOf)
}

/** By primary keys, since most pages ask it of each client. */
function lastUse({ sql }: Sqlite, { client_id, secrets }: Client): string | null {
  const token = sql('SELECT last_issued_at AS at FROM client_usage WHERE client_id = ?')
  const secret = sql('SELECT last_used_at AS at FROM secret_usage WHERE secret_id = ?')
  const rows = [token.get(client_id), ...secrets.map(({ secret_id }) => secret.get(secret_id))]
  const times = rows.flatMap((row) => (row?.at as string | null | undefined) ?? [])
  return times.sort().at(-1) ?? null
}
