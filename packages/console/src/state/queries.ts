/** What the pages read, with the keys of their caches. A change invalidates by the first words. */

import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { type Audience, type Client, type ClientPage, dataOf } from '../api/admin.ts'
import { daysFromNow, type Need, needQuery, wastefulPage, withoutRefused } from './needs.ts'
import type { Here } from './session.ts'

export interface ClientFilters {
  readonly search?: string | undefined
  readonly tag?: string | undefined
  readonly status?: 'active' | 'disabled' | undefined
  /** `never`, or the number of days for which it has not been used. */
  readonly used?: 'never' | 'idle' | undefined
  readonly needs?: Need | undefined
}

/** An application that has not been used for this long counts as idle. */
export const IDLE_DAYS = 90
const PAGE = 100

const at = ({ org_id, environment }: Here) => [org_id, environment] as const

export const clientsQuery = (here: Here, filters: ClientFilters) =>
  infiniteQueryOptions({
    queryKey: ['clients', ...at(here), filters],
    queryFn: ({ pageParam, signal }) =>
      clientsPage(here, filters, { cursor: pageParam, limit: PAGE, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor as string | null,
  })

export async function clientsPage(
  here: Here,
  filters: ClientFilters,
  page: { readonly cursor: string | null; readonly limit: number; readonly signal: AbortSignal },
): Promise<ClientPage> {
  if (filters.needs === 'wasteful') return wastefulPage(here, filters)
  const { limit, signal } = page
  const found = await dataOf(
    here.admin.GET('/admin/v1/clients', {
      params: { query: { ...queryOf(filters), limit, ...cursor(page.cursor) } },
      signal,
    }),
  )
  return filters.needs === 'removable' ? withoutRefused(here, found) : found
}

const cursor = (value: string | null) => (value === null ? {} : { cursor: value })

function queryOf({ search, tag, status, used, needs }: ClientFilters) {
  return {
    ...(search && { search }),
    ...(tag && { tag }),
    ...(status && { status }),
    ...(used === 'never' && { never_used: 'true' }),
    ...(used === 'idle' && { unused_since: daysFromNow(-IDLE_DAYS) }),
    ...needQuery(needs),
  }
}

export const clientQuery = (here: Here, client_id: string) =>
  queryOptions({
    queryKey: ['client', ...at(here), client_id],
    queryFn: () =>
      dataOf(here.admin.GET('/admin/v1/clients/{client_id}', { params: { path: { client_id } } })),
  })

export const usageQuery = (here: Here, client_id: string, everyMs = 10_000) =>
  queryOptions({
    queryKey: ['usage', ...at(here), client_id],
    queryFn: () =>
      dataOf(
        here.admin.GET('/admin/v1/clients/{client_id}/usage', { params: { path: { client_id } } }),
      ),
    refetchInterval: everyMs,
  })

export const addressesQuery = (here: Here, client_id: string) =>
  queryOptions({
    queryKey: ['addresses', ...at(here), client_id],
    queryFn: () =>
      dataOf(
        here.admin.GET('/admin/v1/clients/{client_id}/addresses', {
          params: { path: { client_id } },
        }),
      ),
  })

/** Fetched again after each change of the client. */
export const nextTokenQuery = (
  here: Here,
  { client_id, version }: Client,
  { audience, scope }: { readonly audience: string; readonly scope: string },
) =>
  queryOptions({
    queryKey: ['next-token', ...at(here), client_id, version, audience, scope],
    queryFn: () =>
      dataOf(
        here.admin.GET('/admin/v1/clients/{client_id}/next-token', {
          params: {
            path: { client_id },
            query: { ...(audience && { audience }), ...(scope && { scope }) },
          },
        }),
      ),
  })

export const audiencesQuery = (here: Here) =>
  queryOptions({
    queryKey: ['audiences', ...at(here)],
    queryFn: async () => (await dataOf(here.admin.GET('/admin/v1/audiences'))).audiences,
    staleTime: 60_000,
  })

/** The API for telemetry where there is one: what an application is most likely for. */
export function preferredAudience(audiences: readonly Audience[]): string {
  const telemetry = audiences.find(({ scopes }) => scopes.includes('asset:track:write'))
  return (telemetry ?? audiences[0])?.audience ?? ''
}

export const keysQuery = (here: Here) =>
  queryOptions({
    queryKey: ['keys', ...at(here)],
    queryFn: () => dataOf(here.admin.GET('/admin/v1/keys')),
  })

export const retentionQuery = (here: Here) =>
  queryOptions({
    queryKey: ['retention', ...at(here)],
    queryFn: () => dataOf(here.admin.GET('/admin/v1/retention')),
  })

export const membersQuery = (here: Here) =>
  queryOptions({
    queryKey: ['members', here.org_id],
    queryFn: () => dataOf(here.admin.GET('/admin/v1/members')),
  })

export const invitationsQuery = (here: Here) =>
  queryOptions({
    queryKey: ['invitations', here.org_id],
    queryFn: () => dataOf(here.admin.GET('/admin/v1/invitations')),
  })

export const auditQuery = (
  here: Here,
  filters: { target?: string | undefined; action?: string | undefined },
) =>
  infiniteQueryOptions({
    queryKey: ['audit', ...at(here), filters],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        here.admin.GET('/admin/v1/audit', {
          params: {
            query: {
              limit: 50,
              ...(filters.target && { target: filters.target }),
              ...(filters.action && { action: filters.action }),
              ...cursor(pageParam),
            },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor as string | null,
  })
