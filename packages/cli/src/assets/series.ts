/**
 * Pages of what assets have reported, for the commands that read many of them: requests that fail
 * for a moment are repeated.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { type ApiSession, answerOf, isTemporary } from '../network/api-session.ts'
import { MAX_SERIES_PAGES, pagesOf } from '../network/pages.ts'
import { queryOf } from '../network/query.ts'

/** The API's own maximum. */
export const SERIES_PAGE = 1000

export interface Period {
  readonly from?: string
  readonly to?: string
}

/** Ids that are path segments to `fetch` in any spelling, so that no URL names them. */
export const WITHOUT_PATH: ReadonlySet<string> = new Set(['.', '..'])

export function assetPath(asset_id: string): string {
  return `/v1/assets/${encodeURIComponent(asset_id)}`
}

/**
 * The rows of every page, read as they are needed.
 *
 * @param list the member of a page that holds its rows.
 * @throws CliError with the API's own words.
 */
export async function* rowsOf<Row>(
  session: ApiSession,
  path: string,
  query: Readonly<Record<string, unknown>>,
  list: string,
): AsyncGenerator<Row> {
  const read = (cursor: string | null) =>
    readPage<Record<string, readonly Row[]> & { next_cursor: string | null }>(
      session,
      path + queryOf({ ...query, cursor }),
    )
  for await (const page of pagesOf(read, ({ next_cursor }) => next_cursor, MAX_SERIES_PAGES)) {
    yield* page[list] as readonly Row[]
  }
}

/** The API refuses reports with a later device time, from its own clock. */
const FUTURE_TOLERANCE_MS = 3_600_000

/**
 * A device time that no report has which the API has accepted by now, ISO 8601: an end that leaves
 * out none of them. By the clock of the server, since that of this machine may be slow.
 *
 * @throws CliError with the API's own words.
 */
export async function endOfAccepted(session: ApiSession): Promise<string> {
  const response = await session.send('/v1/assets?limit=1')
  await answerOf(response)
  const date = Date.parse(response.headers.get('date') ?? '')
  // The header has whole seconds.
  const serverMs = Number.isNaN(date) ? Date.now() : date + 1000
  return new Date(serverMs + FUTURE_TOLERANCE_MS + 1).toISOString()
}

const TRIES = 5
const RETRY_MS = 1000

async function readPage<Page>(session: ApiSession, path: string): Promise<Page> {
  for (let tries = 1; ; tries++) {
    try {
      return await answerOf<Page>(await session.send(path))
    } catch (error) {
      if (tries === TRIES || !isTemporary(error)) throw error
      await sleep(RETRY_MS * tries)
    }
  }
}
