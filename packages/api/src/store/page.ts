/**
 * A page of rows, of which one more than fits was looked for, to know whether there is a next page.
 *
 * A page is bounded twice: in rows, and in what they hold, since a single value may be a mebibyte.
 * What a page holds is in memory several times while it is answered, and no other request is served
 * while it is read or written.
 */

import type { Page, Place } from './store.ts'

/**
 * Bytes of what was sent, as the database counts them; the row that reaches it is the last of its
 * page.
 */
export const MAX_PAGE_LENGTH = 512 * 1024
/** The same for those who follow along: there may be a thousand of them. */
export const MAX_FEED_LENGTH = 256 * 1024

/** @param lengthOf bytes of a row, where they can be many. */
export function pageOf<Row, Value>(
  rows: Iterable<Row>,
  limit: number,
  read: (row: Row) => { row: Value; place: Place },
  lengthOf: (row: Row) => number = () => 0,
): Page<Value> {
  const page = takePage(rows, limit, lengthOf)
  const values = page.rows.map(read)
  return {
    rows: values.map(({ row }) => row),
    next: page.more ? (values.at(-1)?.place ?? null) : null,
  }
}

/** The first rows, as many as a page holds; reads no further than one more. */
export function takePage<Row>(
  rows: Iterable<Row>,
  limit: number,
  lengthOf: (row: Row) => number,
  maxLength = MAX_PAGE_LENGTH,
): { readonly rows: readonly Row[]; readonly more: boolean } {
  const page: Row[] = []
  let length = 0
  for (const row of rows) {
    if (page.length === limit) return { rows: page, more: true }
    page.push(row)
    length += lengthOf(row)
    // There may be no other: then the next page is empty.
    if (length >= maxLength) return { rows: page, more: true }
  }
  return { rows: page, more: false }
}

export const payloadLength = ({ payload }: { readonly payload: string }): number =>
  Buffer.byteLength(payload)
