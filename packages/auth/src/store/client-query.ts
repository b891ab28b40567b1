/** Does a client match what was asked for? For adapters that look at documents one by one. */

import type { Client } from '../clients/client.ts'
import type { ClientQuery } from './store.ts'

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
