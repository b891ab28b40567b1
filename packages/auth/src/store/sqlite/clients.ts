/**
 * Pages of clients that match a query.
 *
 * Most filters look into the documents, and while SQLite reads nobody else is served. So a page
 * ends after so many documents, found or not: it may hold fewer than asked for, and the next one
 * goes on.
 */

import { MAX_SCANNED, pageOf } from '../client-query.ts'
import type { ClientPage, ClientQuery } from '../ports/clients.ts'
import type { Statements } from './statements.ts'

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
