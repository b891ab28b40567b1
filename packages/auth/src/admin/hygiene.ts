/** Clients that need a look, counted by why. Each count is that of a filter of the list. */

import { LRUCache } from 'lru-cache'
import { DAY_SECONDS } from '../records/activity.ts'
import type { ClientQuery, ClientStore } from '../store/ports/clients.ts'
import type { UsageStore } from '../store/ports/usage.ts'
import type { AdminContext } from './context.ts'
import { wastefulClients } from './usage.ts'

export interface Hygiene {
  readonly clients: number
  /** Not used yet. */
  readonly never_used: number
  /** Last used, or created, more than 90 days ago. */
  readonly idle: number
  /** Those of them without a refused request in the time for which refusals are kept. */
  readonly safe_to_remove: number
  /** With a refused request of the last day. */
  readonly failing: number
  /** With a secret that ends within 14 days. */
  readonly secret_ends: number
  /** That request tokens long before they need them. */
  readonly wasteful: number
  readonly disabled: number
}

const IDLE_DAYS = 90
const FAILING_DAYS = 1
const SOON_DAYS = 14
const PAGE = 500

/** How long a tenant's counts are shown again. */
const KEPT_MS = 10_000
const MAX_TENANTS = 1000

/**
 * Counting walks all clients of a tenant: its requests share one walk, and its result for some
 * seconds.
 */
export class HygieneCounts {
  readonly #kept = new LRUCache<string, Promise<Hygiene>>({ max: MAX_TENANTS, ttl: KEPT_MS })

  async of(context: AdminContext<ClientStore & UsageStore>): Promise<Hygiene> {
    const key = JSON.stringify([context.tenant?.org_id, context.tenant?.environment])
    const known = this.#kept.get(key)
    // Each caller's own authority is confirmed below, and does not end the walk of others.
    const counting = known ?? hygieneOf({ ...context, authority: null })
    if (known === undefined) {
      this.#kept.set(key, counting)
      counting.catch(() => this.#kept.delete(key))
    }
    const counts = await counting
    await context.authority?.confirm()
    return counts
  }
}

export async function hygieneOf(context: AdminContext<ClientStore & UsageStore>): Promise<Hygiene> {
  const now = context.now()
  const daysFromNow = (days: number): string =>
    new Date(now + days * DAY_SECONDS * 1000).toISOString()
  const idle = await idsOf({ unused_since: daysFromNow(-IDLE_DAYS) }, context)
  const refusedLately = await idsOf({ failing_since: daysFromNow(-IDLE_DAYS) }, context)
  const count = async (filter: Filter): Promise<number> => (await idsOf(filter, context)).size
  return {
    clients: await count({}),
    never_used: await count({ never_used: true }),
    idle: idle.size,
    safe_to_remove: idle.difference(refusedLately).size,
    failing: await count({ failing_since: daysFromNow(-FAILING_DAYS) }),
    secret_ends: await count({
      secret_ends: { from: daysFromNow(0), before: daysFromNow(SOON_DAYS) },
    }),
    wasteful: (await wastefulClients(context, { limit: Number.POSITIVE_INFINITY })).length,
    disabled: await count({ status: 'disabled' }),
  }
}

type Filter = Omit<ClientQuery, 'after' | 'limit' | 'org_id' | 'environment'>

async function idsOf(filter: Filter, context: AdminContext<ClientStore>): Promise<Set<string>> {
  const ids = new Set<string>()
  let after: string | null = null
  do {
    const page = await context.store.listClients({
      ...{ ...filter, ...context.tenant, after, limit: PAGE },
    })
    for (const { client_id } of page.clients) ids.add(client_id)
    after = page.next
    // A store may answer without yielding the thread.
    await new Promise(setImmediate)
  } while (after !== null)
  return ids
}
