/** Converts entries of the revocation feed to rows, and back. */

import type { Revocation, RevocationPage } from '@modulariot/oauth/protocol'
import { cursorOf, type FeedPlace } from './feed-cursor.ts'
import type { Row } from './rows.ts'

export type FeedRow = Row & { readonly seq: number; readonly id: string }

/** What an entry revokes: a `jti`, a `client_id` or a `kid`. */
export function subjectOf(revocation: Revocation): string {
  switch (revocation.kind) {
    case 'token':
      return revocation.jti
    case 'client':
      return revocation.client_id
    case 'key':
      return revocation.kid
  }
}

export function revocationOf(row: Row): Revocation {
  const subject = row.subject as string
  const expires = row.expires as number
  switch (row.kind as Revocation['kind']) {
    case 'token':
      return { kind: 'token', jti: subject, expires }
    case 'client': {
      const issued_until = row.issued_until as number
      return { kind: 'client', client_id: subject, issued_until, expires }
    }
    case 'key':
      return { kind: 'key', kid: subject, expires }
  }
}

/**
 * A page of the feed.
 *
 * @param rows one more than `limit` if there are more.
 * @param head the newest entry, read before the rows or together with them: an entry that comes
 *   after that read is then after the cursor, and the next page has it.
 */
export function revocationPageOf(
  rows: readonly FeedRow[],
  limit: number,
  head: FeedPlace,
): RevocationPage {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const more = rows.length > limit
  const end = last !== undefined && (more || last.seq > head.seq) ? last : head
  return { revocations: shown.map(revocationOf), cursor: cursorOf(end), more }
}
