/** Rows of refusals and counts, and what is added to the counts. */

import type { Environment } from '@modulariot/oauth/protocol'
import {
  type ActivityCount,
  DAY_SECONDS,
  HOUR_SECONDS,
  type RefusalEntry,
  startOf,
  timeOfRefusal,
} from '../records/activity.ts'
import type { Tenant } from '../records/client.ts'
import type { RefusalQuery } from './ports/activity.ts'
import type { Row } from './rows.ts'

export const REFUSAL_COLUMNS = [
  'id',
  'org_id',
  'environment',
  'client_id',
  'kind',
  'endpoint',
  'status',
  'detail',
  'address',
  'user_agent',
  'request_id',
  'times',
] as const satisfies (keyof RefusalEntry)[]

export function refusalOf(row: Row): RefusalEntry {
  return {
    id: row.id as string,
    org_id: row.org_id as string | null,
    environment: row.environment as Environment | null,
    client_id: row.client_id as string | null,
    kind: row.kind as string,
    endpoint: row.endpoint as string,
    status: row.status as number,
    detail: JSON.parse(row.detail as string) as Record<string, unknown>,
    address: row.address as string,
    user_agent: row.user_agent as string | null,
    request_id: row.request_id as string,
    times: row.times as number,
  }
}

export function activityCountOf(row: Row): ActivityCount {
  return {
    start: row.start as number,
    kind: row.kind as string,
    count: row.count as number,
  }
}

/** A row of the table `activity`. `client_id` is '' for the whole tenant. */
export type CountRow = ActivityCount & Tenant & { readonly client_id: string }

/** The sums by row, in the order of the key, which every writer locks them in. */
export function sumCounts(counts: Iterable<CountRow>): CountRow[] {
  const sums = new Map<string, CountRow>()
  for (const row of counts) {
    const key = JSON.stringify([row.org_id, row.environment, row.client_id, row.start, row.kind])
    sums.set(key, { ...row, count: row.count + (sums.get(key)?.count ?? 0) })
  }
  return [...sums].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row)
}

/** Of the tenant and of the client, for something that happened `count` times. */
export function countsOf(
  tenant: Tenant,
  client_id: string | null,
  { at, kind, count }: { readonly at: string; readonly kind: string; readonly count: number },
): CountRow[] {
  const { org_id, environment } = tenant
  const ofTenant = { org_id, environment, client_id: '', start: startOf(at, HOUR_SECONDS) }
  if (client_id === null) return [{ ...ofTenant, kind, count }]
  const ofClient = { org_id, environment, client_id, start: startOf(at, DAY_SECONDS) }
  return [
    { ...ofTenant, kind, count },
    { ...ofClient, kind, count },
  ]
}

export function countsOfRefusals(refusals: readonly RefusalEntry[]): CountRow[] {
  return sumCounts(
    refusals.flatMap((refusal) => {
      const { org_id, environment, client_id, kind, times: count } = refusal
      if (org_id === null || environment === null) return []
      return countsOf({ org_id, environment }, client_id, {
        ...{ at: timeOfRefusal(refusal), kind, count },
      })
    }),
  )
}

/** A condition for each filter, with its value in the place of `?`. */
export function refusalFilters(query: RefusalQuery): { text: string; value: string }[] {
  const { client_id, kind, since, before } = query
  const filters = [
    { text: 'client_id = ?', value: client_id },
    { text: 'kind = ?', value: kind },
    { text: 'id >= ?', value: since },
    { text: 'id < ?', value: before },
  ]
  return filters.flatMap(({ text, value }) => (value == null ? [] : [{ text, value }]))
}
