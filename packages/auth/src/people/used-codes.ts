/**
 * Codes of second factors that were used: a code works once, although it is valid for a minute and
 * a half (RFC 6238 §5.2). A row for each, so that it holds in every instance.
 */

import { hash } from 'node:crypto'
import { PeopleError } from './people-error.ts'
import type { PeopleSql } from './sql.ts'

/** Longer than better-auth accepts a code: the current period, and one before and after. */
const KEPT_MS = 150_000

const CLAIM = `INSERT INTO {people_verifications}
     (id, identifier, value, expires_at, created_at, updated_at)
   VALUES (?, 'used-code', '', ?, ?, ?) ON CONFLICT DO NOTHING`

/**
 * Runs `verify` unless the code was used, or is being used, by this person.
 *
 * @param verify throws when the code is wrong.
 * @throws PeopleError `invalid_code` when it was used; what `verify` throws.
 */
export async function useOnce<Result>(
  { person_id, code }: { person_id: string; code: string },
  { sql, now }: { sql: PeopleSql; now: () => number },
  verify: () => Promise<Result>,
): Promise<Result> {
  const id = `code_${hash('sha256', `${person_id} ${code}`)}`
  const at = new Date(now()).toISOString()
  const until = new Date(now() + KEPT_MS).toISOString()
  if ((await sql(CLAIM, id, until, at, at)).count === 0) {
    throw new PeopleError('invalid_code')
  }
  try {
    return await verify()
  } catch (error) {
    await sql('DELETE FROM {people_verifications} WHERE id = ?', id)
    throw error
  }
}
