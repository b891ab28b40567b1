/** Applications that need a look, for what the list itself cannot filter by. */

import { type ClientPage, dataOf, type ListedClient } from '../api/admin.ts'
import type { Here } from './session.ts'

export const NEEDS = ['failing', 'secret', 'wasteful', 'removable'] as const
export type Need = (typeof NEEDS)[number]

const DAY_MS = 86_400_000
/** As the server counts them. */
const SOON_DAYS = 14
const QUIET_DAYS = 90
/** The worst ones; below it nothing is gained. */
const MOST_WASTEFUL = 50

export function daysFromNow(days: number): string {
  return new Date(Date.now() + days * DAY_MS).toISOString()
}

/** Members of the list's query. */
export function needQuery(need: Need | undefined) {
  return {
    ...(need === 'failing' && { failing_since: daysFromNow(-1) }),
    ...(need === 'secret' && { secret_ends_before: daysFromNow(SOON_DAYS) }),
    ...(need === 'removable' && { unused_since: daysFromNow(-QUIET_DAYS) }),
  }
}

/** Those that request tokens long before they need them, worst first, as one page. */
export async function wastefulPage(
  here: Here,
  filters: { readonly search?: string | undefined; readonly tag?: string | undefined },
): Promise<ClientPage> {
  const { clients } = await dataOf(
    here.admin.GET('/admin/v1/usage/wasteful', { params: { query: { limit: MOST_WASTEFUL } } }),
  )
  const found = await Promise.all(clients.map(({ client_id }) => listed(here, client_id)))
  const { search = '', tag } = filters
  const matches = ({ name, client_id, tags }: ListedClient): boolean =>
    `${name} ${client_id}`.toLowerCase().includes(search.toLowerCase()) &&
    (tag === undefined || tags.includes(tag))
  return { clients: found.filter((one) => one !== undefined).filter(matches), next_cursor: null }
}

async function listed(here: Here, client_id: string): Promise<ListedClient | undefined> {
  const query = { search: client_id, limit: 1 }
  const page = await dataOf(here.admin.GET('/admin/v1/clients', { params: { query } }))
  return page.clients.find((one) => one.client_id === client_id)
}

/** Without those of which a request was refused lately: something still uses them. */
export async function withoutRefused(here: Here, page: ClientPage): Promise<ClientPage> {
  const refused = new Set<string>()
  let cursor: string | null = null
  do {
    const next: ClientPage = await dataOf(
      here.admin.GET('/admin/v1/clients', {
        params: {
          query: {
            failing_since: daysFromNow(-QUIET_DAYS),
            unused_since: daysFromNow(-QUIET_DAYS),
            limit: 500,
            ...(cursor !== null && { cursor }),
          },
        },
      }),
    )
    for (const { client_id } of next.clients) refused.add(client_id)
    cursor = next.next_cursor as string | null
  } while (cursor !== null)
  return { ...page, clients: page.clients.filter(({ client_id }) => !refused.has(client_id)) }
}
