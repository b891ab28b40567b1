/** A paged list of the admin API as one iteration. */

import { ServerError } from '@modulariot/oauth/client'
import type { PageQuery } from './modular-iot-admin.ts'

const ENTRIES_PER_PAGE = 200

type Page<Name extends string, Entry> = Readonly<Record<Name, readonly Entry[]>> & {
  readonly next_cursor: string | null
}

/**
 * The list in an answer.
 *
 * @throws ServerError when there is none: another server answered.
 */
export function listIn<Name extends string, Entry>(
  answer: Readonly<Record<Name, readonly Entry[]>>,
  name: Name,
): readonly Entry[] {
  if (Array.isArray(answer[name])) return answer[name]
  throw new ServerError(`The admin API answered without ${name}`)
}

/** @throws ServerError when a page names itself as the next one; what `read` throws. */
export async function* entriesOf<Name extends string, Entry>(
  name: Name,
  read: (page: PageQuery) => Promise<Page<Name, Entry>>,
): AsyncGenerator<Entry> {
  for (let cursor: string | null = null; ; ) {
    const page: Page<Name, Entry> = await read({ limit: ENTRIES_PER_PAGE, cursor })
    yield* listIn<Name, Entry>(page, name)
    if (page.next_cursor === null) return
    if (page.next_cursor === cursor) throw new ServerError('The list of the admin API does not end')
    cursor = page.next_cursor
  }
}
