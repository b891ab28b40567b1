/** Where clients logged in from, in PostgreSQL: the last addresses of each. */

import type { Postgres, RunQuery } from '@modulariot/platform/postgres'
import { type AddressUse, MAX_ADDRESSES } from '../../records/usage.ts'
import type { Row } from '../rows.ts'
import { addressUseOf } from '../usage-rows.ts'
import { withoutNul } from '../without-nul.ts'
import { addToOwnedRows, type OwnedRows, type Owners } from './owned-rows.ts'

export async function addressesOf(postgres: Postgres, client_id: string): Promise<AddressUse[]> {
  const { rows } = await postgres.query<Row>(
    `SELECT client_id, address, first_seen, last_seen, logins FROM auth.client_addresses WHERE client_id = $1 ORDER BY last_seen DESC, address`,
    [withoutNul(client_id)],
  )
  return rows.map(addressUseOf)
}

/**
 * @param addresses in the order in which every instance writes them.
 * @param owners locked clients that are not expected to have rows yet.
 */
export async function addAddresses(
  query: RunQuery,
  addresses: readonly AddressUse[],
  owners: Owners,
): Promise<void> {
  const created = await addToOwnedRows(query, ADDRESS_ROWS, addresses, owners)
  const grown = [...new Set(created.map(({ client_id }) => client_id))]
  if (grown.length > 0) await query(TRIM, [grown, MAX_ADDRESSES])
}

const USES = `unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
  WITH ORDINALITY AS n (client_id, address, first_seen, last_seen, logins, place)`

const addUses = (n: 'n' | 'excluded'): string => `
  first_seen = least(u.first_seen, ${n}.first_seen),
  last_seen = greatest(u.last_seen, ${n}.last_seen),
  logins = u.logins + ${n}.logins`

export const ADDRESS_ROWS: OwnedRows<AddressUse> = {
  columnsOf: (addresses) => [
    addresses.map(({ client_id }) => client_id),
    addresses.map(({ address }) => address),
    addresses.map(({ first_seen }) => first_seen),
    addresses.map(({ last_seen }) => last_seen),
    addresses.map(({ logins }) => logins),
  ],
  update: `UPDATE auth.client_addresses u SET ${addUses('n')}
    FROM ${USES} WHERE u.client_id = n.client_id AND u.address = n.address RETURNING n.place`,
  insert: `INSERT INTO auth.client_addresses AS u
      (client_id, address, first_seen, last_seen, logins)
    SELECT client_id, address, first_seen, last_seen, logins FROM ${USES}
    ON CONFLICT (client_id, address) DO UPDATE SET ${addUses('excluded')}`,
  mayHaveRow: () => true,
}

/** Skips rows that another instance writes: two that wait for each other would both fail. */
const TRIM = `DELETE FROM auth.client_addresses WHERE ctid IN (
   SELECT u.ctid FROM auth.client_addresses u
   JOIN (SELECT client_id, address,
           row_number() OVER (PARTITION BY client_id ORDER BY last_seen DESC, address) AS place
         FROM auth.client_addresses WHERE client_id = ANY ($1)) p
     ON p.client_id = u.client_id AND p.address = u.address
   WHERE p.place > $2 FOR UPDATE OF u SKIP LOCKED)`

/** Parameters: Unix seconds, limit. */
export const SWEEP_ADDRESSES = `DELETE FROM auth.client_addresses WHERE ctid IN (
   SELECT ctid FROM auth.client_addresses WHERE last_seen < $1
   ORDER BY last_seen LIMIT $2 FOR UPDATE SKIP LOCKED)`
