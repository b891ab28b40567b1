/** Ending every token a client has, without a row for any of them. */

import type { Revocation } from '@modulariot/oauth/protocol'
import { TOKEN_LIFETIME_BOUNDS } from '../records/audience.ts'
import type { Client } from '../records/client.ts'

/**
 * A token must die that another instance issues before it has heard of the cut: its clock may be a
 * second ahead, and it hears within a second.
 */
const REACH_SECONDS = 2

/**
 * The client with every token cut off that was issued up to now.
 *
 * Each cut goes further than the one before: a token issued between two of them in one second says
 * that it is from behind the first (`issueTime`), and the second must reach it.
 */
export function cutOff(client: Client, nowMs: number): Client {
  const now = Math.floor(nowMs / 1000) + REACH_SECONDS
  const before = client.tokens_revoked_until ?? 0
  return { ...client, tokens_revoked_until: Math.max(now, before + 1) }
}

/** What the feed has to say of a change to a client. */
export function revocationsOf(before: Client, after: Client): Revocation[] {
  const { client_id, tokens_revoked_until: issued_until } = after
  if (issued_until === null || issued_until === before.tokens_revoked_until) return []
  const expires = issued_until + TOKEN_LIFETIME_BOUNDS.max
  return [{ kind: 'client', client_id, issued_until, expires }]
}

/**
 * When a token issued now says it was: after the cut-off, or it would be dead from the start. That
 * may be up to three seconds ahead right after one, and a second more for each of several cuts in a
 * row.
 *
 * @returns whole Unix seconds.
 */
export function issueTime(
  { tokens_revoked_until }: Pick<Client, 'tokens_revoked_until'>,
  nowMs: number,
): number {
  return Math.max(Math.floor(nowMs / 1000), (tokens_revoked_until ?? 0) + 1)
}
