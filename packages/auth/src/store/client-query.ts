/**
 * Finds the clients that match a query, in the same way in both stores.
 *
 * The database narrows by what it can read without the documents, up to a bounded number of
 * clients; it may leave in clients that do not match, and never leaves out one that does. The
 * documents of those that are left decide.
 */

import type { Client } from '../records/client.ts'
import type { ClientPage, ClientQuery, Period } from './ports/clients.ts'
import { clientOf, type Row } from './rows.ts'

/** Clients that one page of a search looks at, by what the database narrows by. */
export const MAX_SCANNED = 10_000
/** Documents that one page reads: about ten milliseconds of work. */
export const MAX_READ = 1000

/** The filters of a query; undefined does not narrow. */
export type ClientFilter = Omit<ClientQuery, 'after' | 'limit'>

/** Whether a filter may leave out most clients, so that a page is bounded by what it looks at. */
export function narrows(filter: ClientFilter): boolean {
  const { status, tag, search, never_used, unused_since, failing_since, secret_ends } = filter
  const filters = [status, tag, search, never_used, unused_since, failing_since, secret_ends]
  return filters.some((value) => value !== undefined)
}

/**
 * The text that a client is searched by. Lower case as JavaScript has it, since the databases agree
 * only about ASCII. No part holds a line break.
 */
export function searchTextOf({ name, client_id, external_id }: Client): string {
  return [name, client_id, external_id ?? ''].join('\n').toLowerCase()
}

/** What the database compares; null does not narrow. */
export interface Narrowing {
  readonly status: string | null
  /** As it stands in the JSON of the tags. */
  readonly tag: string | null
  /** Part of the search text. */
  readonly search: string | null
  readonly never_used: boolean
  readonly unused_since: string | null
  readonly failing_since: string | null
  /** Only clients with a secret that ends. */
  readonly secret_ends: boolean
}

export function narrowingOf(filter: ClientFilter): Narrowing {
  const { status, tag, search, never_used, unused_since, failing_since, secret_ends } = filter
  return {
    status: status ?? null,
    tag: tag === undefined ? null : JSON.stringify(tag),
    search: search?.toLowerCase() ?? null,
    never_used: never_used === true,
    unused_since: unused_since ?? null,
    failing_since: failing_since ?? null,
    secret_ends: secret_ends !== undefined,
  }
}

/**
 * The database alone knows whether requests were refused. @param lastUse is called only when the
 * rest matches and a filter needs it.
 */
function matches(client: Client, filter: ClientFilter, lastUse: () => string | null): boolean {
  const { org_id, environment, status, tag, external_id, search, never_used, unused_since } = filter
  const { secret_ends } = filter
  return (
    (org_id === undefined || client.org_id === org_id) &&
    (environment === undefined || client.environment === environment) &&
    (status === undefined || client.status === status) &&
    (external_id === undefined || client.external_id === external_id) &&
    (tag === undefined || client.tags.includes(tag)) &&
    (secret_ends === undefined || endsIn(client, secret_ends)) &&
    (search === undefined || containsText(client, search.toLowerCase())) &&
    (never_used === undefined || lastUse() === null) &&
    (unused_since === undefined || (lastUse() ?? client.created_at) < unused_since)
  )
}

function endsIn({ secrets }: Client, { from, before }: Period): boolean {
  return secrets.some(
    ({ expires_at }) => expires_at !== null && expires_at >= from && expires_at < before,
  )
}

function containsText({ name, client_id, external_id }: Client, text: string): boolean {
  return [name, client_id, external_id ?? ''].some((one) => one.toLowerCase().includes(text))
}

/**
 * The page of matching clients.
 *
 * @param rows in the order of `client_id`; reading stops where the page is full or has read enough.
 * @param scannedTo the client at which the database stopped; null: it came to the last.
 * @param lastUseOf when the client of a row was last used, ISO 8601; null: never.
 */
export function clientPageOf(
  rows: Iterable<Row>,
  limit: number,
  filter: ClientFilter,
  scannedTo: string | null,
  lastUseOf: (client: Client, row: Row) => string | null,
): ClientPage {
  const clients: Client[] = []
  const lastUses = new Map<string, string>()
  let next: string | null = null
  let read = 0
  for (const row of rows) {
    if (read === MAX_READ) return { clients, lastUses, next }
    const client = clientOf(row)
    if (matches(client, filter, () => lastUseOf(client, row))) {
      if (clients.length === limit) {
        return { clients, lastUses, next: clients.at(-1)?.client_id ?? null }
      }
      clients.push(client)
      const lastUse = lastUseOf(client, row)
      if (lastUse !== null) lastUses.set(client.client_id, lastUse)
    }
    next = client.client_id
    read++
  }
  return { clients, lastUses, next: scannedTo }
}
