/** What happened lately, for those who operate clients: refusals, and counts over time. */

import { invalidInput } from '../errors/admin-error.ts'
import {
  type ActivityCount,
  DAY_SECONDS,
  EARLY_TOKENS,
  HOUR_SECONDS,
  type RefusalEntry,
  TOKENS,
  timeOfRefusal,
} from '../records/activity.ts'
import type { ActivityStore } from '../store/ports/activity.ts'
import type { ClientLookup } from '../store/ports/clients.ts'
import type { OrganizationStore } from '../store/ports/organizations.ts'
import { type AdminContext, assertVisible } from './context.ts'

/** A refusal as it is shown. Its time is in `at`. */
export type ShownRefusal = Omit<RefusalEntry, 'org_id' | 'environment'> & { readonly at: string }

export interface RefusalFilter {
  readonly client_id?: string | undefined
  readonly kind?: string | undefined
  /** ISO 8601. */
  readonly since: string
  readonly before: string | null
  readonly limit: number
  /** Whether the caller may see what happens in production. */
  readonly seesProduction: boolean
}

/**
 * Newest first. Refusals that name no known client, such as a misspelt `client_id`, belong to no
 * tenant: they are shown where the installation has only one organization. Each may be of
 * either environment, so only callers that see production see them.
 */
export async function listRefusals(
  { seesProduction, ...filter }: RefusalFilter,
  context: AdminContext<ActivityStore & OrganizationStore>,
): Promise<{ refusals: ShownRefusal[]; next: string | null }> {
  const { store, tenant } = context
  const unattributed = seesProduction && (await store.listOrganizations()).length === 1
  const { limit } = filter
  await context.authority?.confirm()
  const found = await store.listRefusals({
    ...{ ...filter, tenant, unattributed },
    limit: limit + 1,
  })
  const page = found.slice(0, limit)
  return {
    refusals: page.map(({ org_id: _, environment: __, ...refusal }) => ({
      at: timeOfRefusal(refusal),
      ...refusal,
    })),
    next: found.length > limit ? (page.at(-1)?.id ?? null) : null,
  }
}

/** An hour or a day. */
export interface ActivityStep {
  /** When it starts, ISO 8601. */
  readonly start: string
  readonly tokens: number
  readonly tokens_early: number
  /** By kind; kinds that did not occur are left out. */
  readonly refusals: Readonly<Record<string, number>>
}

const MAX_STEPS = 1000

/**
 * One element for each hour (of the tenant) or day (of a client), also those in which nothing
 * happened.
 *
 * @param from ISO 8601, like `to`.
 * @throws AdminError for a period that is too long, or an unknown client.
 */
export async function activityOf(
  { client_id, from, to }: { client_id: string | null; from: string; to: string },
  context: AdminContext<ActivityStore & ClientLookup>,
): Promise<{ step_seconds: number; steps: ActivityStep[] }> {
  const { store } = context
  if (client_id !== null) assertVisible(context, client_id, await store.findClient(client_id))
  const step_seconds = client_id === null ? HOUR_SECONDS : DAY_SECONDS
  const first = Math.floor(Date.parse(from) / 1000 / step_seconds) * step_seconds
  const end = Math.ceil(Date.parse(to) / 1000)
  if (first >= end) throw invalidInput('from must be before to')
  if (end - first > MAX_STEPS * step_seconds) {
    throw invalidInput(`ask for at most ${MAX_STEPS} ${client_id === null ? 'hours' : 'days'}`)
  }
  await context.authority?.confirm()
  const counts = await store.listActivity({
    ...{ ...tenantOf(context), client_id, from: first, to: end },
  })
  const byStart = Map.groupBy(counts, ({ start }) => start)
  const steps: ActivityStep[] = []
  for (let start = first; start < end; start += step_seconds) {
    steps.push(stepOf(start, byStart.get(start) ?? []))
  }
  return { step_seconds, steps }
}

function stepOf(start: number, counts: readonly ActivityCount[]): ActivityStep {
  const countOf = (kind: string): number => counts.find((one) => one.kind === kind)?.count ?? 0
  const refusals = counts.filter(({ kind }) => kind !== TOKENS && kind !== EARLY_TOKENS)
  return {
    start: new Date(start * 1000).toISOString(),
    tokens: countOf(TOKENS),
    tokens_early: countOf(EARLY_TOKENS),
    refusals: Object.fromEntries(refusals.map(({ kind, count }) => [kind, count])),
  }
}

function tenantOf({ tenant }: AdminContext<unknown>) {
  if (tenant === null) throw new Error('activity is always that of a tenant')
  return { org_id: tenant.org_id, environment: tenant.environment }
}
