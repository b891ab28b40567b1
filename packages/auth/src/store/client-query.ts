/** Matches clients against a query, for adapters that examine documents one by one. */

import type { Client } from '../records/client.ts'
import type { ClientPage, ClientQuery } from './ports/clients.ts'
import { clientOf, type Row } from './rows.ts'

/** Documents examined for one page, whether they match or not: about ten milliseconds of work. */
export const MAX_SCANNED = 1000

/** The filters of a query; undefined does not narrow. */
export type ClientFilter = Omit<ClientQuery, 'after' | 'limit'>

export function matches(client: Client, filter: ClientFilter): boolean {
  const { org_id, environment, status, tag, external_id, search } = filter
  return (
    (org_id === undefined || client.org_id === org_id) &&
    (environment === undefined || client.environment === environment) &&
    (status === undefined || client.status === status) &&
    (external_id === undefined || client.external_id === external_id) &&
    (tag === undefined || client.tags.includes(tag)) &&
    (search === undefined || containsText(client, search.toLowerCase()))
  )
}

function containsText({ name, client_id, external_id }: Client, text: string): boolean {
  return [name, client_id, external_id ?? ''].some((one) => one.toLowerCase().includes(text))
}

/**
 * The page of matching clients.
 *
 * @param rows in the order of `client_id`, one more than fits on the page or is examined, so that
 *   it is known whether there is a next page.
 */
export function clientPageOf(rows: Iterable<Row>, limit: number, filter: ClientFilter): ClientPage {
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
