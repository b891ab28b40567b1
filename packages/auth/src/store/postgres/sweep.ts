/** Forgetting what has expired, on one instance at a time and a bounded piece at a time. */

import type { Postgres } from '@modulariot/platform/postgres'
import { SWEEP_ASSERTIONS } from './quotas.ts'

/** Whoever holds it sweeps; any number that is no other lock's. */
const SWEEPER = 0x73776570 // "swep"

/**
 * The database's clock has a say: one instance whose own is wrong must not make revoked tokens live
 * for all.
 */
const SWEEP_REVOCATIONS = `
  DELETE FROM auth.revocations WHERE ctid IN (
    SELECT ctid FROM auth.revocations
    WHERE expires <= least($1::bigint, extract(epoch FROM now())::bigint) ORDER BY expires LIMIT $2
    FOR UPDATE SKIP LOCKED)`

/** By the database's clock too: a key that is forgotten early lets a change happen twice. */
const SWEEP_ANSWERS = `
  DELETE FROM auth.idempotency WHERE ctid IN (
    SELECT ctid FROM auth.idempotency
    WHERE until <= least($1::bigint, extract(epoch FROM now())::bigint) ORDER BY until LIMIT $2
    FOR UPDATE SKIP LOCKED)`

export function sweep(postgres: Postgres, nowSeconds: number, limit: number): Promise<number> {
  return postgres.transaction(async (query) => {
    const lock = await query<{ ours: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS ours', [
      SWEEPER,
    ])
    if (lock.rows[0]?.ours !== true) return 0
    const assertions = await query(SWEEP_ASSERTIONS, [nowSeconds, limit])
    const revocations = await query(SWEEP_REVOCATIONS, [nowSeconds, limit])
    const answers = await query(SWEEP_ANSWERS, [nowSeconds, limit])
    return assertions.count + revocations.count + answers.count
  })
}
