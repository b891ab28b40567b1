/**
 * Counters of what belongs to a client: its rows are added to, and created for clients that exist.
 *
 * Almost all rows are there, so they are changed first, and only the clients of those that are
 * missing are read and locked.
 */

import type { RunQuery } from '@modulariot/platform/postgres'
import { clientOf, type Row } from '../rows.ts'

/** Clients, locked, each with the ids of its secrets. */
export type Owners = ReadonlyMap<string, ReadonlySet<string>>

interface Owned {
  readonly client_id: string
}

export interface OwnedRows<Item extends Owned> {
  /** One for each column, as parameters of both statements. */
  columnsOf(items: readonly Item[]): unknown[][]
  /** Adds to the rows that exist, and returns the `place` of each in the parameters. */
  readonly update: string
  /** Adds to rows that another instance has created in the meantime. */
  readonly insert: string
  readonly mayHaveRow: (item: Item, secret_ids: ReadonlySet<string>) => boolean
}

/**
 * Locks the clients, so that a deletion waits, and then also removes their new rows. A client that
 * is gone is not among them.
 */
export async function lockOwners(query: RunQuery, client_ids: readonly string[]): Promise<Owners> {
  if (client_ids.length === 0) return new Map()
  const { rows } = await query<Row>(
    `SELECT document::text AS document FROM auth.clients
     WHERE client_id = ANY ($1) ORDER BY client_id FOR SHARE`,
    [client_ids],
  )
  return new Map(
    rows.map(clientOf).map((client) => {
      return [client.client_id, new Set(client.secrets.map(({ secret_id }) => secret_id))]
    }),
  )
}

/**
 * Returns the items that may have got a new row.
 *
 * A deletion locks the client before its counters, and this the other way round where a client that
 * has counters gets one more row. Should the two meet, PostgreSQL ends one of them, which then runs
 * again.
 *
 * @param items in the order in which every instance writes them.
 * @param fresh locked clients that are not expected to have rows yet.
 */
export async function addToOwnedRows<Item extends Owned>(
  query: RunQuery,
  { columnsOf, update, insert, mayHaveRow }: OwnedRows<Item>,
  items: readonly Item[],
  fresh: Owners,
): Promise<Item[]> {
  const known = items.filter(({ client_id }) => !fresh.has(client_id))
  const missing = new Set(known)
  if (known.length > 0) {
    const { rows } = await query<{ place: number }>(update, columnsOf(known))
    for (const { place } of rows) missing.delete(known[place - 1] as Item)
  }
  const late = await lockOwners(
    query,
    [...missing].map(({ client_id }) => client_id),
  )
  const created = items.filter((item) => {
    const owner = (missing.has(item) ? late : fresh).get(item.client_id)
    return owner !== undefined && mayHaveRow(item, owner)
  })
  if (created.length > 0) await query(insert, columnsOf(created))
  return created
}
