/**
 * Pages of clients that match a query.
 *
 * Most filters look into the documents, and while SQLite reads nobody else is served. So a page ends after
 * so many documents, found or not: it may hold fewer than asked for, and the next one goes on.
 */

import type { Client } from '../../clients/client.ts'
import { type ClientFilter, matches } from '../client-query.ts'
import type { ClientPage, ClientQuery } from '../store.ts'
import { clientOf, type Row } from './rows.ts'
import type { Statements } from './statements.ts'

/** About ten milliseconds of work. */
const MAX_SCANNED = 1000

export function searchClients(
  sql: Statements,
  { after, limit, ...filter }: ClientQuery,
): ClientPage {
  const { org_id, environment, external_id } = filter
  const ofTenant = org_id !== undefined && environment !== undefined
  if (ofTenant && external_id !== undefined) {
    // There is one at most, so behind any place there is none.
    const row = after === null && sql.clientByExternalId.get(org_id, environment, external_id)
    return pageOf(row ? [row] : [], limit, filter)
  }
  const rows = ofTenant
    ? sql.tenantClientsAfter.iterate(org_id, environment, after ?? '', MAX_SCANNED + 1)
    : sql.clientsAfter.iterate(after ?? '', MAX_SCANNED + 1)
  return pageOf(rows, limit, filter)
}

/** One more than fits is looked for, to know whether there is a next page. */
function pageOf(rows: Iterable<Row>, limit: number, filter: ClientFilter): ClientPage {
  const clients: Client[] = []
  let next: string | null = null
  let scanned = 0
  for (const row of rows) {
    if (scanned === MAX_SCANNED) return { clients, next }
    const client = clientOf(row)
    if (matches(client, filter)) {
      if (clients.length === limit) return { clients, next: clients.at(-1)?.client_id ?? null }
      clients.push(client)
    }
    next = client.client_id
    scanned++
  }
  return { clients, next: null }
}
