/** Does a client match what was asked for? For adapters that look at documents one by one. */

import type { Client } from '../records/client.ts'
import type { ClientPage, ClientQuery } from './ports/clients.ts'
import { clientOf, type Row } from './rows.ts'

/** So many documents a page are looked at, found or not: about ten milliseconds of work. */
export const MAX_SCANNED = 1000

/** What narrows; what is undefined does not. */
export type ClientFilter = Omit<ClientQuery, 'after' | 'limit'>

export function matches(client: Client, filter: ClientFilter): boolean {
  const { org_id, environment, status, tag, external_id, search } = filter
  return (
    (org_id === undefined || client.org_id === org_id) &&
    (environment === undefined || client.environment === environment) &&
    (status === undefined || client.status === status) &&
    (external_id === undefined || client.external_id === external_id) &&
    (tag === undefined || client.tags.includes(tag)) &&
    (search === undefined || holds(client, search.toLowerCase()))
  )
}

function holds({ name, client_id, external_id }: Client, text: string): boolean {
  return [name, client_id, external_id ?? ''].some((one) => one.toLowerCase().includes(text))
}

/**
 * A page of what matches among rows in order of `client_id`.
 *
 * @param rows one more than fits, or than is looked at, so as to know whether there is a next page.
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
