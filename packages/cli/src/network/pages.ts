/**
 * Lists that a server gives page by page, read as far as they are wanted and no further than
 * honest.
 */

import { CliError } from '../errors/cli-error.ts'

/** Five million clients, or two million assets. */
const MAX_PAGES = 10_000

/**
 * The pages one after another; the caller stops when it has enough.
 *
 * @param read gets the cursor of the page before, null for the first.
 * @param nextOf the cursor of the next page, null when there is none.
 * @throws CliError `failure` when the pages do not end, or one names itself as its next.
 */
export async function* pagesOf<Page>(
  read: (cursor: string | null) => Promise<Page>,
  nextOf: (page: Page) => string | null,
): AsyncGenerator<Page> {
  let cursor: string | null = null
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const page: Page = await read(cursor)
    yield page
    const next = nextOf(page)
    if (next === null) return
    if (next === cursor) break
    cursor = next
  }
  throw new CliError('failure', 'The server’s list does not end')
}
