/** How clients and their secrets are used, for their owners. */

import type { ClientView } from '../records/client.ts'
import {
  type ClientUsage,
  isWasteful,
  MIN_EARLY_TOKENS,
  type SecretUsage,
  type Waste,
  wasteOf,
} from '../records/usage.ts'
import type { ClientLookup } from '../store/ports/clients.ts'
import type { UsagePage, UsageStore } from '../store/ports/usage.ts'
import { getClient } from './clients.ts'
import type { AdminContext } from './context.ts'

/** A client that requests tokens long before it needs them. */
export interface WastefulClient
  extends Pick<ClientView, 'client_id' | 'name' | 'org_id' | 'environment'>,
    Waste,
    Pick<ClientUsage, 'tokens_issued' | 'tokens_early' | 'last_issued_at'> {}

const PAGE = 1000

/** Worst first. */
export async function wastefulClients(
  context: AdminContext<UsageStore>,
  { limit = 100 }: { limit?: number } = {},
): Promise<WastefulClient[]> {
  const nowSeconds = context.now() / 1000
  const found: WastefulClient[] = []
  let after: string | null = null
  do {
    await context.authority?.confirm()
    const page: UsagePage = await context.store.listUsage({
      ...context.tenant,
      tokens_early: MIN_EARLY_TOKENS,
      after,
      limit: PAGE,
    })
    for (const { client, usage } of page.clients) {
      const waste = wasteOf(usage, nowSeconds)
      if (!isWasteful(waste)) continue
      const { client_id, name, org_id, environment } = client
      const { tokens_issued, tokens_early, last_issued_at } = usage
      found.push({
        client_id,
        name,
        org_id,
        environment,
        ...waste,
        tokens_issued,
        tokens_early,
        last_issued_at,
      })
    }
    after = page.next
  } while (after !== null)
  found.sort((a, b) => b.times_needed - a.times_needed || b.tokens_per_day - a.tokens_per_day)
  return found.slice(0, limit)
}

/** A secret without its text, and when it was last used; null: never. */
export type UsedSecret = ClientView['secrets'][number] & {
  readonly used: Omit<SecretUsage, 'secret_id'> | null
}

/** @throws AdminError `not_found`. */
export async function listSecrets(
  client_id: string,
  context: AdminContext<UsageStore & ClientLookup>,
): Promise<UsedSecret[]> {
  const { secrets } = await getClient(client_id, context)
  await context.authority?.confirm()
  const used = new Map(
    (await context.store.usageOf(client_id)).secrets.map(({ secret_id, ...use }) => [
      secret_id,
      use,
    ]),
  )
  return secrets.map((secret) => ({ ...secret, used: used.get(secret.secret_id) ?? null }))
}
