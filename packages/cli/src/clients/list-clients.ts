/** `miot clients list` */

import type { Client, ListedClient } from '@modulariot/auth'
import type { Environment } from '@modulariot/oauth/protocol'
import type { Admin } from '../administration/port.ts'
import { withAdmin } from '../administration/with-admin.ts'
import type { Context } from '../command/context.ts'
import { pagesOf } from '../network/pages.ts'
import { utc } from '../terminal/times.ts'

export interface ListOptions {
  readonly search?: string
  readonly tag?: string
  readonly status?: Client['status']
  readonly environment?: Environment
  readonly neverUsed?: true
  /** Seconds. */
  readonly unusedFor?: number
  readonly limit?: number
}

const PAGE = 500

export async function listClients(context: Context, options: ListOptions): Promise<void> {
  await withAdmin(context, async (admin) => {
    const { limit = Number.POSITIVE_INFINITY } = options
    const clients: ListedClient[] = []
    for await (const client of clientsOf(admin, options)) {
      clients.push(client)
      if (clients.length > limit) break
    }
    const more = clients.length > limit
    if (more) clients.pop()
    context.output.print({ clients }, () => [
      ...tableOf(context, clients),
      ...(more ? ['', `There are more; these are the first ${limit} by CLIENT ID.`] : []),
    ])
  })
}

/** Reads the pages as they are needed. Callers pass options of other uses too. */
export async function* clientsOf(
  admin: Pick<Admin, 'listClients'>,
  { search, tag, status, environment, neverUsed: never_used, unusedFor }: ListOptions,
): AsyncGenerator<ListedClient> {
  const unused_since =
    unusedFor === undefined ? undefined : new Date(Date.now() - unusedFor * 1000).toISOString()
  const query = { search, tag, status, environment, never_used, unused_since, limit: PAGE }
  const readPage = (after: string | null) => admin.listClients({ ...query, after })
  for await (const page of pagesOf(readPage, ({ next }) => next)) yield* page.clients
}

function tableOf({ output }: Context, clients: readonly ListedClient[]) {
  return output.table(
    ['NAME', 'EXTERNAL ID', 'ENVIRONMENT', 'STATUS', 'LAST USED', 'CLIENT ID'],
    clients.map((one) => [
      one.name,
      one.external_id ?? '',
      one.environment,
      one.status,
      one.last_used_at === null ? 'never' : utc(one.last_used_at),
      one.client_id,
    ]),
    'No client was found.',
  )
}
