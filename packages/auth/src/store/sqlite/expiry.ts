/** Removes what has expired, a bounded number of rows at a time. */

import type { ExpiryStore } from '../ports/expiry.ts'
import { SWEEP_ASSERTIONS } from './assertions.ts'
import type { Sqlite } from './connection.ts'
import { SWEEP_ANSWERS } from './idempotency.ts'
import { SWEEP_REVOCATIONS } from './revocations.ts'

export function expiryStore(sqlite: Sqlite): ExpiryStore {
  return {
    sweep: (nowSeconds, limit) =>
      sqlite.transaction(() => {
        let swept = 0
        for (const text of [SWEEP_ASSERTIONS, SWEEP_REVOCATIONS, SWEEP_ANSWERS]) {
          swept += Number(sqlite.sql(text).run(nowSeconds, limit).changes)
        }
        return swept
      }),
  }
}
