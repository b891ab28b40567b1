/** Where a page of rows begins and ends, for adapters whose rows are ordered by whole numbers. */

import type { PageQuery, Place } from './store.ts'

/** Before and after every time that a Date can be. */
const FIRST_MS = -8.64e15
const END_MS = 8.64e15 + 1

/** Smaller than every number that orders rows of the same time. */
const BELOW = -2

export interface Bounds {
  readonly direction: 'oldest' | 'newest'
  /** The rows of the page are strictly after it. */
  readonly start: Place
  /** Inclusive. */
  readonly from_ms: number
  /** Exclusive. */
  readonly to_ms: number
}

/** @param length how many numbers the rows are ordered by. */
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
