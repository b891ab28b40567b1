/** Administering what clients hold already, and which of them receive others' tokens. */

import { AdminError, invalidInput } from '../admin-error.ts'
import type { Client, ClientView } from '../clients/client.ts'
import { cutOff } from '../tokens/cut-off.ts'
import { changeClient } from './clients.ts'
import type { AdminContext } from './context.ts'

/** Verifiers take an `iat` that is a minute ahead, and not more. */
const MAX_AHEAD_SECONDS = 30

/**
 * Ends every token the client has; it may get new ones at once.
 *
 * @throws AdminError `conflict` when it was done so often in a row that nobody would take the new ones.
 */
export function revokeClientTokens(client_id: string, context: AdminContext): Promise<ClientView> {
  const edit = (client: Client): Client => {
    const cut = cutOff(client, context.now())
    const aheadSeconds = (cut.tokens_revoked_until ?? 0) - context.now() / 1000
    if (aheadSeconds > MAX_AHEAD_SECONDS) throw new AdminError('conflict', tooOften(aheadSeconds))
    return cut
  }
  return changeClient(client_id, 'tokens.revoked', edit, null, context)
}

function tooOften(aheadSeconds: number): string {
  const seconds = Math.ceil(aheadSeconds - MAX_AHEAD_SECONDS)
  return `The tokens of this client were ended too often in a row; disable it, or try again in ${seconds} s`
}

/**
 * Lets a client introspect the tokens that are for these audiences, and for no others any more.
 *
 * An audience belongs to the installation and takes tokens of every organization, so nobody who administers
 * one organization may do this.
 *
 * @throws AdminError `forbidden`, or `invalid_input` for an audience there is not.
 */
export async function setResourceServer(
  client_id: string,
  audiences: readonly string[],
  context: AdminContext,
): Promise<ClientView> {
  if (context.tenant !== null) throw new AdminError('forbidden', 'This works on the box only')
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
