/** Removes what has expired, on one instance at a time and a bounded number of rows at a time. */

import type { Postgres } from '@modulariot/platform/postgres'
import type { ExpiryStore } from '../ports/expiry.ts'
import { SWEEP_ASSERTIONS } from './assertions.ts'
import { SWEEP_ANSWERS } from './idempotency.ts'
import { SWEEP_REVOCATIONS } from './revocations.ts'

/** The advisory lock of the instance that sweeps; any number that no other lock has. */
const SWEEPER = 0x73776570 // "swep"

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
        for (const text of [SWEEP_ASSERTIONS, SWEEP_REVOCATIONS, SWEEP_ANSWERS]) {
          swept += (await query(text, [nowSeconds, limit])).count
        }
        return swept
      }),
  }
}
