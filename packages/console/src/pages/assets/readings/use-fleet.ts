/** Every asset with its newest position: read page by page, then kept up to date by the stream. */

import { useInfiniteQuery, useQueries, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import type { Here } from '../../../state/session.ts'
import { type Newest, newestOf, type Observation, withSeen } from './fleet.ts'
import { type LiveState, useLive } from './live.ts'
import { assetsQuery, lastPositionQuery } from './queries.ts'

/** Pages beyond this are not read by themselves; the search finds the rest. */
const MAX_ASSETS = 5000
/** Assets whose newest report has no position: each costs a request. */
const MAX_LOOKED_UP = 50

export interface Fleet {
  readonly assets: readonly Newest[]
  readonly live: LiveState
  readonly isPending: boolean
  readonly isLoading: boolean
  /** There are more than the page reads. */
  readonly isCut: boolean
  readonly error: Error | null
  readonly retry: () => void
}

export function useFleet(here: Here, search: string): Fleet {
  const queries = useQueryClient()
  const query = assetsQuery(here, search)
  const pages = useInfiniteQuery(query)
  const [seen, setSeen] = useState<ReadonlyMap<string, Observation>>(new Map())
  const queryKey = ['assets', here.org_id, here.environment]
  const live = useLive(here, {
    seen: (next) => setSeen((before) => new Map([...before, ...next])),
    skipped: () => void queries.invalidateQueries({ queryKey }),
    back: () =>
      void queries.refetchQueries({ queryKey, predicate: ({ state }) => state.status === 'error' }),
  })
  const listed = useMemo(
    () => (pages.data?.pages ?? []).flatMap(({ assets }) => assets.map(newestOf)),
    [pages.data],
  )
  const { hasNextPage, isFetchingNextPage, isError, fetchNextPage } = pages
  const isCut = hasNextPage && listed.length >= MAX_ASSETS
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && !isError && !isCut) void fetchNextPage()
  }, [hasNextPage, isFetchingNextPage, isError, isCut, fetchNextPage])
  const current = useMemo(() => withSeen(listed, seen, search), [listed, seen, search])
  const assets = useLookedUp(here, current)
  return {
    assets,
    live,
    isPending: pages.isPending,
    isLoading: isFetchingNextPage,
    isCut,
    error: pages.error,
    retry: () => void pages.refetch(),
  }
}

function useLookedUp(here: Here, assets: readonly Newest[]): readonly Newest[] {
  const without = assets.filter(({ position }) => position === null).slice(0, MAX_LOOKED_UP)
  const found = useQueries({
    queries: without.map(({ asset_id }) => lastPositionQuery(here, asset_id)),
    combine: (results) =>
      new Map(
        results.flatMap(({ data }, index) =>
          data ? [[without[index]?.asset_id, data] as const] : [],
        ),
      ),
  })
  return useMemo(() => {
    if (found.size === 0) return assets
    return assets.map((asset) => {
      const row = asset.position === null ? found.get(asset.asset_id) : undefined
      return row ? { ...asset, position: { ...row, at: Date.parse(row.timestamp) } } : asset
    })
  }, [assets, found])
}
