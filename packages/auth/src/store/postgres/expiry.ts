/** Removes what has expired, on one instance at a time and a bounded number of rows at a time. */

import type { Postgres } from '@modulariot/platform/postgres'
import type { ExpiryStore } from '../ports/expiry.ts'
import { SWEEP_ASSERTIONS } from './assertions.ts'
import { SWEEP_ANSWERS } from './idempotency.ts'
import { SWEEP_INSTANCES } from './instances.ts'
import { ENDED, SWEEP_INVITATIONS } from './invitations.ts'
import { SWEEP_REVOCATIONS } from './revocations.ts'

/** The advisory lock of the instance that sweeps; any number that no other lock has. */
const SWEEPER = 0x73776570 // "swep"

/**
 * Of a table whose `expires_at` is ISO 8601. By the database's clock too: an instance whose clock
 * is wrong must not end everyone's sessions.
 */
const sweepOf = (table: string): string => `DELETE FROM ${table} WHERE ctid IN (
   SELECT ctid FROM ${table} WHERE expires_at <= ${ENDED}
   ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`

const SWEEPS = [
  SWEEP_ASSERTIONS,
  SWEEP_REVOCATIONS,
  SWEEP_ANSWERS,
  SWEEP_INSTANCES,
  SWEEP_INVITATIONS,
  sweepOf('auth.people_sessions'),
  sweepOf('auth.people_verifications'),
]

/** By the database's clock too. A day is left for what an instance with another clock has made. */
const SWEEP_UNVERIFIED = `DELETE FROM auth.people WHERE id IN (
   SELECT p.id FROM auth.people p
   WHERE p.email_verified = 0 AND p.disabled = 0 AND p.created_at < $1
     AND p.created_at < to_char((now() - interval '1 day') AT TIME ZONE 'UTC',
       'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
     AND NOT EXISTS (SELECT 1 FROM auth.members m WHERE m.person_id = p.id)
   LIMIT $2 FOR UPDATE SKIP LOCKED)`

export function expiryStore(postgres: Postgres): ExpiryStore {
  return {
    sweep: (nowSeconds, limit) =>
      postgres.transaction(async (query) => {
        const lock = await query<{ ours: boolean }>(
          'SELECT pg_try_advisory_xact_lock($1) AS ours',
          [SWEEPER],
        )
        if (lock.rows[0]?.ours !== true) return 0
        let swept = 0
        for (const text of SWEEPS) {
          swept += (await query(text, [nowSeconds, limit])).count
        }
        return swept
      }),
    sweepUnverified: async (beforeSeconds, limit) => {
      const before = new Date(beforeSeconds * 1000).toISOString()
      return (await postgres.query(SWEEP_UNVERIFIED, [before, limit])).count
    },
  }
}
