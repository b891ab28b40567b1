/** What the directory needs of a store, for tests. Not for the program. */

import type { ClientRecord } from '../records/client.ts'
import type { Staleness } from '../store/ports/changes.ts'
import type { FleetLookup } from '../store/ports/clients.ts'

/** @param find returns the client with this id, as the store has it now. */
export function fleetLookup(find: (client_id: string) => Promise<ClientRecord | null>) {
  /** The ids that each statement read. */
  const statements: (readonly string[])[] = []
  const store: FleetLookup & Staleness = {
    silentForMs: () => 0,
    readClients: async (client_ids, decoy) => {
      statements.push(client_ids)
      const found = await Promise.all(client_ids.map(find))
      const instead = found.includes(null) ? await find(decoy) : null
      return found.map((record) => record ?? instead)
    },
  }
  return { ...store, statements }
}
