/**
 * Walks over the table of requests as it lies on the disk, and deletes those that it looks for.
 * They have no other index than their key, which is in order of their hashes: another would cost
 * each report more than a walk once a day.
 */

import type { RunQuery } from '@modulariot/platform/postgres'

/** About eight megabytes. */
const PAGES = 1000

/**
 * @param step runs a step in a transaction; null: another instance does this, and the walk ends.
 * @param condition of the rows of `telemetry.requests r` to delete; `using` is what it joins.
 * @returns how many were deleted; null when it did not come to the end.
 */
export async function walkRequests(
  step: <Result>(work: (query: RunQuery) => Promise<Result>) => Promise<Result | null>,
  { using, condition }: { readonly using: string; readonly condition: string },
  values: readonly unknown[],
): Promise<number | null> {
  const extent = await step(async (query) => (await query<Extent>(EXTENT)).rows[0])
  if (extent === null || extent === undefined) return null
  const pages = extent.version < RANGES_SINCE ? Math.max(1, extent.pages) : PAGES
  let removed = 0
  for (let page = 0; page < extent.pages; page += pages) {
    const range = `r.ctid >= '(${page},0)' AND r.ctid < '(${page + pages},0)'`
    const text = `DELETE FROM telemetry.requests r ${using} WHERE ${range} AND ${condition}`
    const count = await step(async (query) => (await query(text, values)).count)
    if (count === null) return null
    removed += count
  }
  return removed
}

interface Extent {
  readonly pages: number
  readonly version: number
}

/** Older servers read the whole table for a range of it, and so do it in one step. */
const RANGES_SINCE = 14_00_00

const EXTENT = `SELECT current_setting('server_version_num')::int AS version,
  (pg_relation_size('telemetry.requests') / current_setting('block_size')::int)::int AS pages`
