/** Ends every token a client has, without a row for any of them. */

import type { Revocation } from '@modulariot/oauth/protocol'
import { TOKEN_LIFETIME_BOUNDS } from '../records/audience.ts'
import type { Client } from '../records/client.ts'

/**
 * Covers tokens that another instance issues before it learns of the cut-off: its clock may be a
 * second ahead, and it learns within a second.
 */
const REACH_SECONDS = 2

/**
 * The client with every token issued so far cut off.
 *
 * Each cut-off reaches further than the one before: a token issued between two cut-offs in the same
 * second has an `iat` after the first (`issueTime`), and the second must cover it.
 */
export function cutOff(client: Client, nowMs: number): Client {
  return { ...client, tokens_revoked_until: cutOffAt(client.tokens_revoked_until, nowMs) }
}

/**
 * The second up to which a cut-off made now reaches.
 *
 * @param before of the last cut-off; null: none.
 */
export function cutOffAt(before: number | null, nowMs: number): number {
  return Math.max(Math.floor(nowMs / 1000) + REACH_SECONDS, (before ?? 0) + 1)
}

/** The feed entries for a change to a client. */
export function revocationsOf(before: Client, after: Client): Revocation[] {
  const { client_id, tokens_revoked_until: issued_until } = after
  if (issued_until === null || issued_until === before.tokens_revoked_until) return []
  const expires = issued_until + TOKEN_LIFETIME_BOUNDS.max
  return [{ kind: 'client', client_id, issued_until, expires }]
}

/**
 * The `iat` of a token issued now: after the cut-off, or it would be invalid from the start. That
 * may be up to three seconds ahead right after a cut-off, and one more second for each of several
 * in a row.
 *
 * @returns whole Unix seconds.
 */
export function issueTime(
  { tokens_revoked_until }: Pick<Client, 'tokens_revoked_until'>,
  nowMs: number,
): number {
  return Math.max(Math.floor(nowMs / 1000), (tokens_revoked_until ?? 0) + 1)
}
