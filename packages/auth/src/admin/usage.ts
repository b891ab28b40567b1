/** How clients and their secrets are used, for their owners. */

import type { ClientView } from '../records/client.ts'
import {
  type AddressUse,
  type ClientUsage,
  isWasteful,
  MIN_EARLY_TOKENS,
  noUsage,
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

/** The counters of one client. */
export interface UsageOfClient
  extends Pick<ClientView, 'client_id' | 'name'>,
    Waste,
    Pick<ClientUsage, 'tokens_issued' | 'tokens_early' | 'over_quota' | 'last_issued_at'> {
  /** The later of its last token and the last use of one of its secrets; null: never. */
  readonly last_used_at: string | null
  readonly secrets: readonly UsedSecret[]
}

/** @throws AdminError `not_found`. */
export async function usageOfClient(
  client_id: string,
  context: AdminContext<UsageStore & ClientLookup>,
): Promise<UsageOfClient> {
  const client = await getClient(client_id, context)
  await context.authority?.confirm()
  const stored = await context.store.usageOf(client_id)
  const usage = stored.client ?? noUsage(client_id)
  const { tokens_issued, tokens_early, over_quota, last_issued_at } = usage
  const times = [last_issued_at, ...stored.secrets.map(({ last_used_at }) => last_used_at)]
  return {
    client_id,
    name: client.name,
    last_used_at:
      times
        .filter((time) => time !== null)
        .sort()
        .at(-1) ?? null,
    last_issued_at,
    tokens_issued,
    tokens_early,
    over_quota,
    ...wasteOf(usage, context.now() / 1000),
    secrets: usedSecrets(client, stored.secrets),
  }
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
  const client = await getClient(client_id, context)
  await context.authority?.confirm()
  return usedSecrets(client, (await context.store.usageOf(client_id)).secrets)
}

function usedSecrets({ secrets }: ClientView, uses: readonly SecretUsage[]): UsedSecret[] {
  const used = new Map(uses.map(({ secret_id, ...use }) => [secret_id, use]))
  return secrets.map((secret) => ({ ...secret, used: used.get(secret.secret_id) ?? null }))
}

/** Where a client logged in from, and when (ISO 8601). */
export interface LoginAddress extends Pick<AddressUse, 'address' | 'logins'> {
  readonly first_seen_at: string
  readonly last_seen_at: string
}

/**
 * The last `MAX_ADDRESSES` addresses of a client, the last first. A login counts whose proof was
 * right, also one that was refused for its address. @throws AdminError `not_found`.
 */
export async function listAddresses(
  client_id: string,
  context: AdminContext<UsageStore & ClientLookup>,
): Promise<LoginAddress[]> {
  await getClient(client_id, context)
  await context.authority?.confirm()
  const uses = await context.store.addressesOf(client_id)
  return uses.map(({ address, first_seen, last_seen, logins }) => ({
    address,
    first_seen_at: isoOf(first_seen),
    last_seen_at: isoOf(last_seen),
    logins,
  }))
}

function isoOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
