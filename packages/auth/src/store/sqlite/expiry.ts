/** Removes what has expired, a bounded number of rows at a time. */

import type { ExpiryStore } from '../ports/expiry.ts'
import { SWEEP_ASSERTIONS } from './assertions.ts'
import type { Sqlite } from './connection.ts'
import { SWEEP_ANSWERS } from './idempotency.ts'
import { SWEEP_INSTANCES } from './instances.ts'
import { SWEEP_INVITATIONS } from './invitations.ts'
import { SWEEP_REVOCATIONS } from './revocations.ts'

/** Of a table whose `expires_at` is ISO 8601. */
const sweepOf = (table: string): string => `DELETE FROM ${table} WHERE id IN
   (SELECT id FROM ${table} WHERE expires_at <= strftime('%Y-%m-%dT%H:%M:%fZ', ?, 'unixepoch')
    ORDER BY expires_at LIMIT ?)`

const SWEEPS = [
  SWEEP_ASSERTIONS,
  SWEEP_REVOCATIONS,
  SWEEP_ANSWERS,
  SWEEP_INSTANCES,
  SWEEP_INVITATIONS,
  sweepOf('people_sessions'),
  sweepOf('people_verifications'),
]

const SWEEP_UNVERIFIED = `DELETE FROM people WHERE id IN (
   SELECT p.id FROM people p
   WHERE p.email_verified = 0 AND p.disabled = 0 AND p.created_at < ?
     AND NOT EXISTS (SELECT 1 FROM members m WHERE m.person_id = p.id) LIMIT ?)`

export function expiryStore(sqlite: Sqlite): ExpiryStore {
  return {
    sweep: (nowSeconds, limit) =>
      sqlite.transaction(() => {
        let swept = 0
        for (const text of SWEEPS) {
          swept += Number(sqlite.sql(text).run(nowSeconds, limit).changes)
        }
        return swept
      }),
    sweepUnverified: (beforeSeconds, limit) =>
      sqlite.transaction(() => {
        const before = new Date(beforeSeconds * 1000).toISOString()
        return Number(sqlite.sql(SWEEP_UNVERIFIED).run(before, limit).changes)
      }),
  }
}
