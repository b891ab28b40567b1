/**
 * Cuts rows into a page. Queries read one row more than the limit, to detect a next page.
 *
 * A page has a limit of rows and one of bytes, since a single value may be a mebibyte. Its content
 * is in memory several times while a response is built, and reading or writing a row blocks other
 * requests.
 */

import type { Page, RowKey } from './store.ts'

/**
 * Bytes of the sent JSON, as the database counts them. The row that reaches the limit is the last
 * of its page.
 */
export const MAX_PAGE_LENGTH = 512 * 1024
/** The same for streams, of which there may be a thousand. */
export const MAX_FEED_LENGTH = 256 * 1024

/** @param lengthOf the bytes of a row; default: not counted. */
export function pageOf<Row, Value>(
  rows: Iterable<Row>,
  limit: number,
  read: (row: Row) => { value: Value; key: RowKey },
  lengthOf: (row: Row) => number = () => 0,
): Page<Value> {
  const page = takePage(rows, limit, lengthOf)
  const values = page.rows.map(read)
  return {
    rows: values.map(({ value }) => value),
    next: page.more ? (values.at(-1)?.key ?? null) : null,
  }
}

/** The rows of one page. Reads at most one row more. */
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
    // There may be no more rows; then the next page is empty.
    if (length >= maxLength) return { rows: page, more: true }
  }
  return { rows: page, more: false }
}

export const payloadLength = ({ payload }: { readonly payload: string }): number =>
  Buffer.byteLength(payload)
