/** Where clients logged in from, in SQLite: the last addresses of each. */

import { type AddressUse, MAX_ADDRESSES } from '../../records/usage.ts'
import { addressUseOf } from '../usage-rows.ts'
import type { Sqlite } from './connection.ts'

export function addressesOf({ sql }: Sqlite, client_id: string): AddressUse[] {
  return sql('SELECT * FROM client_addresses WHERE client_id = ? ORDER BY last_seen DESC, address')
    .all(client_id)
    .map(addressUseOf)
}

/** A client that is gone gets no row. */
export function addAddresses({ sql }: Sqlite, addresses: readonly AddressUse[]): void {
  const grown = new Set<string>()
  for (const { client_id, address, first_seen, last_seen, logins } of addresses) {
    const use = { client_id, address, first_seen, last_seen, logins }
    if (Number(sql(ADD).run(use).changes) > 0) continue
    if (Number(sql(INSERT).run(use).changes) > 0) grown.add(client_id)
  }
  for (const client_id of grown) sql(TRIM).run({ client_id, keep: MAX_ADDRESSES })
}

const ADD = `UPDATE client_addresses SET
     first_seen = min(first_seen, :first_seen),
     last_seen = max(last_seen, :last_seen),
     logins = logins + :logins
   WHERE client_id = :client_id AND address = :address`

const INSERT = `INSERT INTO client_addresses (client_id, address, first_seen, last_seen, logins)
   SELECT :client_id, :address, :first_seen, :last_seen, :logins
   WHERE EXISTS (SELECT 1 FROM clients WHERE client_id = :client_id)`

const TRIM = `DELETE FROM client_addresses
   WHERE client_id = :client_id AND address NOT IN (
     SELECT address FROM client_addresses WHERE client_id = :client_id
     ORDER BY last_seen DESC, address LIMIT :keep)`

/** Parameters: Unix seconds, limit. */
export const SWEEP_ADDRESSES = `DELETE FROM client_addresses
   WHERE (client_id, address) IN (
     SELECT client_id, address FROM client_addresses WHERE last_seen < ?
     ORDER BY last_seen LIMIT ?)`
