/** Refused requests and counts over time. */

import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { dataOf, type RefusedRequest } from '../api/admin.ts'
import type { Here } from '../state/session.ts'

export const PERIODS = ['24h', '7d', '30d'] as const
export type Period = (typeof PERIODS)[number]

const HOUR_MS = 3_600_000
const PERIOD_MS = { '24h': 24 * HOUR_MS, '7d': 168 * HOUR_MS, '30d': 720 * HOUR_MS } as const

export interface RefusalFilters {
  readonly period: Period
  readonly kind?: string | undefined
  readonly client?: string | undefined
}

const PAGE = 50
const EVERY_MS = 10_000

const at = ({ org_id, environment }: Here) => [org_id, environment] as const

function sinceOf(period: Period): string {
  return new Date(Date.now() - PERIOD_MS[period]).toISOString()
}

/** Follows what arrives while only the first page is open. */
export const refusalsQuery = (here: Here, filters: RefusalFilters, limit = PAGE) =>
  infiniteQueryOptions({
    queryKey: ['refusals', ...at(here), filters, limit],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        here.admin.GET('/admin/v1/activity/refusals', {
          params: {
            query: {
              limit,
              since: sinceOf(filters.period),
              ...(filters.kind && { kind: filters.kind }),
              ...(filters.client && { client_id: filters.client }),
              ...(pageParam !== null && { cursor: pageParam }),
            },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor as string | null,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) > 1 ? false : EVERY_MS),
  })

/** Begins with the time: `2026-11-29T23:15:02.120Z-x7Ab90Qz`. */
const ID = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)-[\w-]{8}$/

/** One refusal by its id; null: not kept any more. */
export const refusalQuery = (here: Here, id: string) =>
  queryOptions({
    queryKey: ['refusal', ...at(here), id],
    queryFn: async (): Promise<RefusedRequest | null> => {
      const since = ID.exec(id)?.[1]
      if (since === undefined) return null
      // Those of its millisecond: the cursor is the id that all of them come before.
      const after = new Date(Date.parse(since) + 1).toISOString()
      const cursor = btoa(`${after}-${'-'.repeat(8)}`).replace(/=+$/, '')
      const { refusals } = await dataOf(
        here.admin.GET('/admin/v1/activity/refusals', {
          params: { query: { since, cursor, limit: 500 } },
        }),
      )
      return refusals.find((one) => one.id === id) ?? null
    },
    staleTime: Number.POSITIVE_INFINITY,
  })

/** By the hour; those of one application by the day. */
export const activityQuery = (here: Here, period: Period, client?: string) =>
  queryOptions({
    queryKey: ['activity', ...at(here), period, client ?? null],
    queryFn: () =>
      dataOf(
        here.admin.GET('/admin/v1/activity', {
          params: { query: { from: sinceOf(period), ...(client && { client_id: client }) } },
        }),
      ),
    refetchInterval: 3 * EVERY_MS,
  })

export const hygieneQuery = (here: Here) =>
  queryOptions({
    queryKey: ['hygiene', ...at(here)],
    queryFn: () => dataOf(here.admin.GET('/admin/v1/clients/hygiene')),
    staleTime: EVERY_MS,
  })
