/** Clients that a store reads for logins, with the audiences that they share. */

import type { ClientRecord } from '../records/client.ts'
import { clientOf, clientRecordOf, type GrantedAudience, type Row, withGrants } from './rows.ts'

/** Read with every group of clients; where there are more, those of each client are. */
export const FEW_AUDIENCES = 32

/**
 * @param rows a client each, at its place, counted from `firstPlace`; and one without a place,
 *   whose document has all audiences.
 * @returns null when that document is null: there are more than a few.
 */
export function recordsWithAudiences(
  client_ids: readonly string[],
  rows: readonly Row[],
  firstPlace: number,
): (ClientRecord | null)[] | null {
  const all = rows.find(({ place }) => place === null)?.document ?? null
  if (all === null) return null
  const audiences = JSON.parse(all as string) as GrantedAudience[]
  const clients = rows.filter(({ place }) => place !== null)
  const recordOf = (row: Row) => withGrants(clientOf(row), audiences)
  return inPlaces(client_ids, clients, firstPlace, recordOf)
}

/** @param rows a client each, at its place, with its own audiences. */
export function recordsInPlaces(
  client_ids: readonly string[],
  rows: readonly Row[],
  firstPlace: number,
): (ClientRecord | null)[] {
  return inPlaces(client_ids, rows, firstPlace, clientRecordOf)
}

function inPlaces(
  client_ids: readonly string[],
  rows: readonly Row[],
  firstPlace: number,
  recordOf: (row: Row) => ClientRecord,
): (ClientRecord | null)[] {
  const found: (ClientRecord | null)[] = client_ids.map(() => null)
  for (const row of rows) {
    if (row.document !== null) found[(row.place as number) - firstPlace] = recordOf(row)
  }
  return found
}
