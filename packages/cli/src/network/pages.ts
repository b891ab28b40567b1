/** Reads paged lists, with a limit for servers whose lists never end. */

import { CliError } from '../errors/cli-error.ts'

/** Enough for five million clients or two million assets. */
const MAX_PAGES = 10_000
/** Enough for what one asset reports every second in three hundred years. */
export const MAX_SERIES_PAGES = 10_000_000

/**
 * Yields pages in order; the caller stops when it has enough.
 *
 * @param read fetches the page at a cursor, null for the first page.
 * @param nextOf returns the cursor of the next page, null on the last page.
 * @param maxPages after which the list counts as one that does not end.
 * @throws CliError `failure` when the list does not end, or a page links to itself.
 */
export async function* pagesOf<Page>(
  read: (cursor: string | null) => Promise<Page>,
  nextOf: (page: Page) => string | null,
  maxPages = MAX_PAGES,
): AsyncGenerator<Page> {
  let cursor: string | null = null
  for (let pages = 0; pages < maxPages; pages++) {
    const page: Page = await read(cursor)
    yield page
    const next = nextOf(page)
    if (next === null) return
    if (next === cursor) break
    cursor = next
  }
  throw new CliError('failure', 'The server’s list does not end')
}
