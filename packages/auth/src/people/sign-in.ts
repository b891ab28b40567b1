/** Signs a person in: password first, then the second factor where there is one. */

import { hash } from 'node:crypto'
import { normalizeEmail } from './account-email.ts'
import type { SecondFactor, SignedIn } from './better-auth-engine.ts'
import type { Caller, PeopleDeps } from './deps.ts'
import { PeopleError } from './people-error.ts'
import { accountGuess } from './people-limits.ts'
import { peopleSql } from './sql.ts'
import { useOnce } from './used-codes.ts'

/**
 * The session is always a new one. A wrong password, an unknown address and a disabled person have
 * the same answer, and each costs one hash.
 *
 * @throws PeopleError `invalid_credentials`, `email_not_verified`, `too_many_requests`.
 */
export async function signIn(
  { email: entered, password }: { email: string; password: string },
  caller: Caller,
  { accounts, limits }: PeopleDeps,
): Promise<SignedIn> {
  const email = normalizeEmail(entered)
  const engine = await accounts()
  return limits.guess(accountGuess(email, caller.address), () =>
    engine.signIn({ email, password }, caller),
  )
}

/**
 * @param challenge from `signIn`.
 * @returns the token of a new session.
 * @throws PeopleError `invalid_code`, `challenge_ended`, `two_factor_locked`, `too_many_requests`.
 */
export async function signInWithSecondFactor(
  factor: SecondFactor,
  challenge: string | null,
  caller: Caller,
  { accounts, limits, store, now }: PeopleDeps,
): Promise<string> {
  if (challenge === null) throw new PeopleError('challenge_ended')
  const engine = await accounts()
  const sql = peopleSql(store.accounts)
  const find = 'SELECT value FROM {people_verifications} WHERE identifier = ?'
  const { rows } = await sql(find, hash('sha256', challenge, 'base64url'))
  const person_id = String(rows[0]?.value ?? '')
  const verify = () => engine.secondFactor(factor, challenge, caller)
  return limits.guess(accountGuess(person_id, caller.address), async () => {
    // better-auth spends backup codes itself.
    if ('backup_code' in factor) return verify()
    return useOnce({ person_id, code: factor.code }, { sql, now }, verify)
  })
}
