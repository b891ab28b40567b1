/**
 * Use cases for the tokens of clients, and for resource servers, which receive tokens of others.
 */

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
 * @throws AdminError `conflict` after so many cut-offs in a row that verifiers would not accept new
 *   tokens.
 */
export function revokeClientTokens(
  client_id: string,
  context: AdminContext<ClientStore>,
): Promise<ClientView> {
  const edit = (client: Client): Client => endTokens(client, context.now())
  return changeClient(client_id, 'tokens.revoked', edit, null, context)
}

/**
 * Lets a client introspect tokens for these audiences and for no others.
 *
 * An audience belongs to the installation and takes tokens of every organization, so an
 * administrator of one organization may not do this.
 *
 * @throws AdminError `forbidden`, or `invalid_input` for an unknown audience.
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
