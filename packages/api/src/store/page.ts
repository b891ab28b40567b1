/** A page of rows, of which one more than fits was looked for, to know whether there is a next page. */

import type { Page, Place } from './store.ts'

export function pageOf<Row, Value>(
  rows: readonly Row[],
  limit: number,
  read: (row: Row) => { row: Value; place: Place },
): Page<Value> {
  const page = rows.slice(0, limit).map(read)
  return {
    rows: page.map(({ row }) => row),
    next: rows.length > limit ? (page.at(-1)?.place ?? null) : null,
  }
}
