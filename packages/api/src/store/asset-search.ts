/**
 * Which assets match, for adapters that look at their names one by one.
 *
 * Nothing else is served meanwhile (or a database is kept busy), so a page ends after so many
 * names, found or not: it may hold fewer than asked for, and the next one goes on.
 */

import type { AssetQuery, Page } from './store.ts'

/** A few milliseconds of work. */
export const MAX_NAMES = 2000

export interface AssetName {
  readonly asset_id: string
  readonly type: string | null
}

export function narrows({ search, type }: AssetQuery): boolean {
  return search !== undefined || type !== undefined
}

/**
 * How many names to read for a query: one more than is looked at, to know whether there are more.
 */
export function namesToRead(query: AssetQuery): number {
  return (narrows(query) ? MAX_NAMES : query.limit) + 1
}

/** @param names in order, after `after`; as many as `namesToRead` where there are. */
export function findNames(names: Iterable<AssetName>, query: AssetQuery): Page<string, string> {
  const text = query.search?.toLowerCase()
  const rows: string[] = []
  let next: string | null = null
  let seen = 0
  const most = namesToRead(query) - 1
  for (const { asset_id, type } of names) {
    if (seen === most) return { rows, next }
    if (matches({ asset_id, type }, query.type, text)) {
      if (rows.length === query.limit) return { rows, next: rows.at(-1) ?? null }
      rows.push(asset_id)
    }
    next = asset_id
    seen++
  }
  return { rows, next: null }
}

function matches(name: AssetName, type: string | undefined, text: string | undefined): boolean {
  if (type !== undefined && name.type !== type) return false
  if (text === undefined) return true
  return [name.asset_id, name.type ?? ''].some((one) => one.toLowerCase().includes(text))
}
