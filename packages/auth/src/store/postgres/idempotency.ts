/** Idempotent answers in PostgreSQL: kept in the unit of a change, found by retries. */

import type { Postgres } from '@modulariot/platform/postgres'
import type { Client } from '../../records/client.ts'
import { idempotencyRowOf, idempotentAnswerOf } from '../idempotency-rows.ts'
import type { Audited } from '../ports/audited-change.ts'
import type { IdempotentAnswers } from '../ports/idempotency.ts'
import { withoutNul } from '../without-nul.ts'
import { assertAuthority } from './authority.ts'
import type { ChangeUnit } from './change-unit.ts'

const FIND = `SELECT digest, answer::text AS answer, until FROM auth.idempotency
   WHERE org_id = $1 AND environment = $2 AND key = $3`
const FORGET = `DELETE FROM auth.idempotency
   WHERE org_id = $1 AND environment = $2 AND key = $3 AND until <= $4`
const INSERT = `INSERT INTO auth.idempotency (org_id, environment, key, digest, answer, until)
   VALUES ($1, $2, $3, $4, $5, $6)`
/**
 * By the database's clock too: without its answer a retry would make the change a second time.
 */
export const SWEEP_ANSWERS = `DELETE FROM auth.idempotency WHERE ctid IN (
   SELECT ctid FROM auth.idempotency
   WHERE until <= least($1::bigint, extract(epoch FROM now())::bigint) ORDER BY until LIMIT $2
   FOR UPDATE SKIP LOCKED)`

export function idempotentAnswers(postgres: Postgres): IdempotentAnswers {
  return {
    findIdempotent: ({ org_id, environment }, key, authority) =>
      postgres.transaction(
        async (query) => {
          await assertAuthority(query, authority)
          const { rows } = await query(FIND, [org_id, environment, withoutNul(key)])
          return rows[0] === undefined ? null : idempotentAnswerOf(rows[0])
        },
        { mode: 'snapshot' },
      ),
  }
}

/** Keeps the answers of changes that came with an `Idempotency-Key`. */
export async function keepAnswers(
  unit: ChangeUnit,
  changes: readonly Audited<Client>[],
): Promise<void> {
  for (const row of changes.map(idempotencyRowOf)) {
    if (row === null) continue
    const { org_id, environment, key, digest, answer, until, at } = row
    await unit.query(FORGET, [org_id, environment, key, at])
    await unit.query(INSERT, [org_id, environment, key, digest, answer, until])
  }
}
