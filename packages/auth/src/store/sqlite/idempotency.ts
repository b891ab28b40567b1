/** Idempotent answers in SQLite: kept in the unit of a change, found by retries. */

import { attempt } from '@modulariot/platform/storage'
import type { Client } from '../../records/client.ts'
import { idempotencyRowOf, idempotentAnswerOf } from '../idempotency-rows.ts'
import type { Audited } from '../ports/audited-change.ts'
import type { IdempotentAnswers } from '../ports/idempotency.ts'
import { assertAuthority } from './authority.ts'
import type { Sqlite } from './connection.ts'

const FIND = `SELECT digest, answer, until FROM idempotency
   WHERE org_id = ? AND environment = ? AND key = ?`
const FORGET = `DELETE FROM idempotency
   WHERE org_id = ? AND environment = ? AND key = ? AND until <= ?`
const INSERT = `INSERT INTO idempotency (org_id, environment, key, digest, answer, until)
   VALUES (?, ?, ?, ?, ?, ?)`
export const SWEEP_ANSWERS = `DELETE FROM idempotency WHERE rowid IN
   (SELECT rowid FROM idempotency WHERE until <= ? ORDER BY until LIMIT ?)`

export function idempotentAnswers(sqlite: Sqlite): IdempotentAnswers {
  return {
    findIdempotent: ({ org_id, environment }, key, authority) =>
      attempt(() => {
        assertAuthority(sqlite, authority)
        const row = sqlite.sql(FIND).get(org_id, environment, key)
        return row === undefined ? null : idempotentAnswerOf(row)
      }),
  }
}

/** Keeps the answers of changes that came with an `Idempotency-Key`. */
export function keepAnswers({ sql }: Sqlite, changes: readonly Audited<Client>[]): void {
  for (const row of changes.map(idempotencyRowOf)) {
    if (row === null) continue
    const { org_id, environment, key, digest, answer, until, at } = row
    sql(FORGET).run(org_id, environment, key, at)
    sql(INSERT).run(org_id, environment, key, digest, answer, until)
  }
}
