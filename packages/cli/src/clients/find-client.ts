/** Finds the client that a command line names. */

import { AdminError } from '@modulariot/auth/values'
import type { Admin } from '../administration/port.ts'
import { CliError } from '../errors/cli-error.ts'
import { clientsOf } from './list-clients.ts'

/** An error names this many ids. */
const MAX_NAMED = 10

/** As `createId` makes them. */
const CLIENT_ID = /^client_[0-9A-Za-z]{22}$/

/**
 * Runs `work` with the client's id. The name is a `client_id` first; only when there is no such
 * client, it is the exact external id or the exact name of one. So an id needs no search, and no
 * right to search.
 *
 * The administrator of a tenant chooses the names in it. So the id of a client that was deleted
 * never leads to one that has it as a name, nor the name of one to another's external id.
 *
 * @param work throws `not_found` before it changes anything.
 * @throws CliError usage when several clients have this external id or name; what `work` throws
 *   when none has.
 */
export async function withClient<Result>(
  admin: Pick<Admin, 'listClients'>,
  name: string,
  work: (client_id: string) => Promise<Result>,
): Promise<Result> {
  try {
    return await work(name)
  } catch (error) {
    const known = error instanceof AdminError || error instanceof CliError
    if (!known || error.code !== 'not_found' || name === '' || CLIENT_ID.test(name)) throw error
    const client_id = await findId(admin, name)
    if (client_id === null) throw error
    return work(client_id)
  }
}

async function findId(admin: Pick<Admin, 'listClients'>, name: string): Promise<string | null> {
  const ids: string[] = []
  // The search matches parts of both, and the filter of external ids may be of one tenant.
  for await (const { client_id, ...one } of clientsOf(admin, { search: name })) {
    if (one.external_id === name || one.name === name) ids.push(client_id)
  }
  const [first, second] = ids
  if (second === undefined) return first ?? null
  const named = ids.slice(0, MAX_NAMED).join(', ') + (ids.length > MAX_NAMED ? ', …' : '')
  throw new CliError(
    'usage',
    `${ids.length} clients have the external id or name ${name}; give one of their ids: ${named}`,
  )
}
