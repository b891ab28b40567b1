/** Refusals and counts over time in the admin API. */

import { activityOf, listRefusals } from '../../admin/activity.ts'
import { parseTime } from '../../admin/times.ts'
import { invalidInput } from '../../errors/admin-error.ts'
import { scopesOf } from '../../people/roles.ts'
import { DAY_SECONDS } from '../../records/activity.ts'
import { type AdminCall, filter } from './call.ts'
import { nextCursor, requestedPage } from './page.ts'

/** What is shown if the caller names no period. */
const DEFAULT_DAYS = 7

export async function refusals({ request, context }: AdminCall) {
  const { limit, cursor } = requestedPage(request)
  if (cursor !== null && !/^[\w.:-]{33}$/.test(cursor)) {
    throw invalidInput('cursor was not issued by this API')
  }
  const { refusals, next } = await listRefusals(
    {
      ...{ limit, before: cursor },
      client_id: filter(request, 'client_id'),
      kind: filter(request, 'kind'),
      since: timeOf(filter(request, 'since'), 'since') ?? daysBefore(context.now()),
      seesProduction: seesProduction(context),
    },
    context,
  )
  return { refusals, next_cursor: nextCursor(next) }
}

/** A role may see production while it looks at development; a client belongs to one environment. */
function seesProduction({ tenant, role }: AdminCall['context']): boolean {
  if (tenant === null || tenant.environment === 'production') return true
  return role !== null && scopesOf(role, 'production').includes('usage:read')
}

export async function activity({ request, context }: AdminCall) {
  const to = timeOf(filter(request, 'to'), 'to') ?? new Date(context.now()).toISOString()
  const from = timeOf(filter(request, 'from'), 'from') ?? daysBefore(Date.parse(to))
  return activityOf({ client_id: filter(request, 'client_id') ?? null, from, to }, context)
}

export async function hygiene({ context, deps }: AdminCall) {
  return deps.hygiene.of(context)
}

function timeOf(text: string | undefined, name: string): string | undefined {
  return text === undefined ? undefined : parseTime(text, name)
}

function daysBefore(unixMs: number): string {
  return new Date(unixMs - DEFAULT_DAYS * DAY_SECONDS * 1000).toISOString()
}
