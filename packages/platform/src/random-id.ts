/**
 * Identifiers for things created all the time, such as requests and tokens.
 *
 * A UUID would do, but Node builds it from pieces that V8 has not joined, so serializing it, with
 * `JSON.stringify` for example, takes three times as long. Like Node, this draws random bytes for
 * many ids at once.
 */

import { randomFillSync } from 'node:crypto'

/** 144 random bits: 24 characters without padding. */
const BYTES = 18
const pool = Buffer.alloc(128 * BYTES)
let used = pool.length

/** Base64url (RFC 4648 §5). */
export function randomId(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += BYTES
  return pool.toString('base64url', used - BYTES, used)
}
