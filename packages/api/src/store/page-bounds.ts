/** The bounds of a page, for lists that are ordered by integer columns. */

import type { PageQuery, RowKey } from './store.ts'

/** Outside the range of a Date. */
const FIRST_MS = -8.64e15
const END_MS = 8.64e15 + 1

/** Less than every key column after the time. */
const BELOW = -2

export interface Bounds {
  readonly direction: 'oldest' | 'newest'
  /** Exclusive. */
  readonly start: RowKey
  /** Inclusive. */
  readonly from_ms: number
  /** Exclusive. */
  readonly to_ms: number
}

/** @param length the number of key columns. */
export function boundsOf(query: PageQuery, length: number): Bounds {
  const { after, newestFirst = false } = query
  const from_ms = query.from_ms ?? FIRST_MS
  const to_ms = query.to_ms ?? END_MS
  const edge_ms = newestFirst ? to_ms : from_ms
  const edge = [edge_ms, ...Array<number>(length - 1).fill(BELOW)]
  const [after_ms] = after ?? []
  const inside = after_ms !== undefined && (newestFirst ? after_ms < edge_ms : after_ms >= edge_ms)
  return {
    direction: newestFirst ? 'newest' : 'oldest',
    start: inside && after !== null ? after : edge,
    from_ms,
    to_ms,
  }
}
