/** Administering what clients hold already, and which of them receive others' tokens. */

import { AdminError, invalidInput } from '../errors/admin-error.ts'
import type { Client, ClientView } from '../records/client.ts'
import type { AudienceLookup } from '../store/ports/audiences.ts'
import type { ClientStore } from '../store/ports/clients.ts'
import { changeClient } from './clients.ts'
import type { AdminContext } from './context.ts'
import { endTokens } from './ended-tokens.ts'

/**
 * Ends every token the client has; it may get new ones at once.
 *
 * @throws AdminError `conflict` when it was done so often in a row that no verifier would take the
 *   new ones.
 */
export function revokeClientTokens(
  client_id: string,
  context: AdminContext<ClientStore>,
): Promise<ClientView> {
  const edit = (client: Client): Client => endTokens(client, context.now())
  return changeClient(client_id, 'tokens.revoked', edit, null, context)
}

/**
 * Lets a client introspect the tokens that are for these audiences, and for no others any more.
 *
 * An audience belongs to the installation and takes tokens of every organization, so nobody who
 * administers one organization may do this.
 *
 * @throws AdminError `forbidden`, or `invalid_input` for an audience there is not.
 */
export async function setResourceServer(
  client_id: string,
  audiences: readonly string[],
  context: AdminContext<ClientStore & AudienceLookup>,
): Promise<ClientView> {
  if (context.tenant !== null)
    throw new AdminError('forbidden', 'This only works on the machine that runs ModularIoT Auth')
  const known = (await context.store.listAudiences()).map(({ audience }) => audience)
  const unknown = audiences.find((audience) => !known.includes(audience))
  if (unknown !== undefined) {
    throw invalidInput(`there is no audience ${unknown}; known: ${known.join(', ') || 'none'}`)
  }
  const resource_server_for = [...new Set(audiences)]
  return changeClient(
    client_id,
    'client.updated',
    (client) => ({ ...client, resource_server_for }),
    null,
    context,
  )
}
