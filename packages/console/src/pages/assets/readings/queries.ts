/** What the pages of assets read from ModularIoT API. */

import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { readTelemetry } from '../../../api/telemetry.ts'
import type { Here } from '../../../state/session.ts'
import type { ListedAsset } from './fleet.ts'
import type { Span } from './period.ts'

interface AssetPage {
  readonly assets: readonly ListedAsset[]
  readonly next_cursor: string | null
}

export interface PositionRow {
  readonly timestamp: string
  readonly latitude: number
  readonly longitude: number
  readonly altitude: number | null
  readonly speed: number | null
  readonly heading: number | null
  readonly accuracy: number | null
  readonly satellites: number | null
}

export interface MetricRow {
  readonly key: string
  readonly timestamp: string
  readonly value: unknown
  readonly unit: string | null
  readonly source: string | null
  readonly quality: string | null
}

export interface Bucket {
  readonly start: string
  readonly min: number
  readonly max: number
  readonly avg: number
}

export interface AssetEvent {
  readonly event_type: string
  readonly timestamp: string
  readonly severity?: 'low' | 'medium' | 'high'
}

/** What the API allows. */
const ASSETS = 200
export const ROWS = 1000
/** Positions that a page draws; an export has all. */
export const MAX_POSITIONS = 20_000

const at = ({ org_id, environment }: Here) => [org_id, environment] as const

export function telemetry<Value>(
  here: Here,
  path: string,
  query: Readonly<Record<string, string | number | null | undefined>> = {},
): Promise<Value> {
  const words = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') words.set(name, String(value))
  }
  const text = words.size === 0 ? path : `${path}?${words}`
  return readTelemetry<Value>(text, here, here.admin)
}

export const pathOf = (asset_id: string): string => `/v1/assets/${encodeURIComponent(asset_id)}`

export const assetsQuery = (here: Here, search: string) =>
  infiniteQueryOptions({
    queryKey: ['assets', ...at(here), search],
    queryFn: ({ pageParam }) =>
      telemetry<AssetPage>(here, '/v1/assets', { search, limit: ASSETS, cursor: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    // The stream brings what is new.
    staleTime: 60_000,
  })

export const assetQuery = (here: Here, asset_id: string) =>
  queryOptions({
    queryKey: ['asset', ...at(here), asset_id],
    queryFn: () => telemetry<ListedAsset>(here, pathOf(asset_id)),
    refetchInterval: 10_000,
  })

/** The newest position, where the newest report has none. */
export const lastPositionQuery = (here: Here, asset_id: string) =>
  queryOptions({
    queryKey: ['asset-last-position', ...at(here), asset_id],
    queryFn: async (): Promise<PositionRow | null> => {
      const query = { order: 'desc', limit: 1 }
      const path = `${pathOf(asset_id)}/positions`
      const page = await telemetry<{ positions: PositionRow[] }>(here, path, query)
      return page.positions[0] ?? null
    },
    staleTime: 60_000,
  })

export const newestMetricsQuery = (here: Here, asset_id: string) =>
  queryOptions({
    queryKey: ['asset-metrics', ...at(here), asset_id],
    queryFn: async () => {
      const path = `${pathOf(asset_id)}/metrics`
      return (await telemetry<{ metrics: readonly MetricRow[] }>(here, path)).metrics
    },
    refetchInterval: 10_000,
  })

/** The newest of the period, oldest first. */
export const positionsQuery = (here: Here, asset_id: string, period: Span) =>
  queryOptions({
    queryKey: ['asset-positions', ...at(here), asset_id, period.name],
    queryFn: async () => {
      const { from, to } = period.resolve()
      const rows: PositionRow[] = []
      let cursor: string | null = null
      do {
        const page: { positions: PositionRow[]; next_cursor: string | null } = await telemetry(
          here,
          `${pathOf(asset_id)}/positions`,
          { from, to, order: 'desc', limit: ROWS, cursor },
        )
        rows.push(...page.positions)
        cursor = page.next_cursor
      } while (cursor !== null && rows.length < MAX_POSITIONS)
      return { rows: rows.reverse(), isWhole: cursor === null, from, to }
    },
    // Long ones are not read again and again.
    refetchInterval: ({ state }) =>
      period.isMoving && (state.data?.rows.length ?? 0) < 2 * ROWS ? 30_000 : false,
  })

export const bucketsQuery = (here: Here, asset_id: string, key: string, period: Span) =>
  queryOptions({
    queryKey: ['asset-buckets', ...at(here), asset_id, key, period.name],
    queryFn: async () => {
      const { from, to, bucket } = period.resolve()
      const path = `${pathOf(asset_id)}/metrics`
      const query = { key, bucket: bucket.name, from, to }
      const { buckets } = await telemetry<{ buckets: readonly Bucket[] }>(here, path, query)
      return { buckets, from, to, bucket }
    },
    refetchInterval: period.isMoving ? 60_000 : false,
  })

export const eventsQuery = (here: Here, asset_id: string, period: Span) =>
  infiniteQueryOptions({
    queryKey: ['asset-events', ...at(here), asset_id, period.name],
    queryFn: ({ pageParam }) =>
      telemetry<{ events: readonly AssetEvent[]; next_cursor: string | null }>(
        here,
        `${pathOf(asset_id)}/events`,
        { ...period.resolveQuery(), order: 'desc', limit: 100, cursor: pageParam },
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  })
