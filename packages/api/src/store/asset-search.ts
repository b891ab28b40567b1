/**
 * Searches assets by scanning their names, for both adapters.
 *
 * The scan blocks a thread or occupies a connection, so a page ends after `MAX_NAMES` names,
 * matching or not. It may have fewer rows than the limit; the next page continues.
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

/** The number of names to read: one more than a page examines, to detect a next page. */
export function namesToRead(query: AssetQuery): number {
  return (narrows(query) ? MAX_NAMES : query.limit) + 1
}

/** @param names the names after `after`, in order; up to `namesToRead` of them. */
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
