/** Changes and resets passwords. */

import { hash } from 'node:crypto'
import { isEmail, normalizeEmail } from './account-email.ts'
import type { Caller, PeopleDeps } from './deps.ts'
import { createKeptOrganization } from './kept-organization.ts'
import { linkOf, resetMessage } from './messages.ts'
import { assertPassword } from './password-rules.ts'
import { hashesFor } from './passwords.ts'
import { accountGuess, messageFrom, tokenGuess } from './people-limits.ts'
import { queueMail } from './queue-mail.ts'
import { recordOwnSignOut } from './record-own-change.ts'
import type { OwnSession } from './sessions.ts'
import { peopleSql } from './sql.ts'
import { inSteadyTime } from './steady-time.ts'

/**
 * Ends all sessions of the person.
 *
 * @returns the token of a new session.
 * @throws PeopleError `wrong_password`, or about the new password.
 */
export async function changePassword(
  { current, next }: { current: string; next: string },
  session: OwnSession,
  caller: Caller,
  deps: PeopleDeps,
): Promise<string> {
  const { person_id, email } = session
  assertPassword(next, email)
  const engine = await deps.accounts()
  const token = await deps.limits.guess(accountGuess(person_id, caller.address), () =>
    hashesFor(person_id, () => engine.changePassword(session.token, { current, next }, caller)),
  )
  await recordOwnSignOut('person.password_changed', session, {}, caller, deps)
  return token
}

/** Of the account that a token resets, as better-auth stores it; null: unknown. */
async function addressOf(token: string, { store }: PeopleDeps): Promise<string | null> {
  const text = `SELECT p.email FROM {people_verifications} v JOIN {people} p ON p.id = v.value
    WHERE v.identifier = ?`
  const identifier = hash('sha256', `reset-password:${token}`, 'base64url')
  const { rows } = await peopleSql(store.accounts)(text, identifier)
  return rows.length === 0 ? null : String(rows[0]?.email)
}

/** Sends a link, if an account has this address; the answer and its time are always the same. */
export async function requestReset(
  entered: string,
  caller: Caller,
  deps: PeopleDeps,
): Promise<void> {
  const asked = messageFrom(caller.address)
  deps.limits.assertWithin(...asked)
  deps.limits.spend(...asked)
  if (deps.mailer === null) return
  const engine = await deps.accounts()
  await inSteadyTime(async () => {
    const email = normalizeEmail(entered)
    if (!isEmail(email)) return
    const compose = async () => {
      const issued = await engine.issueReset(email)
      return issued && resetMessage(linkOf(deps.issuer, 'reset', issued.token))
    }
    await queueMail(email, compose, deps)
  })
}

/**
 * Ends all sessions of the person. The link came to the address, or from the operator, so the
 * address is verified as well, and an organization that waited for it is created.
 *
 * @throws PeopleError `invalid_token`, or about the new password.
 */
export async function resetPassword(
  { token, password }: { token: string; password: string },
  caller: Caller,
  deps: PeopleDeps,
): Promise<void> {
  assertPassword(password, await addressOf(token, deps))
  const engine = await deps.accounts()
  const { id: person_id, email } = await deps.limits.guess(tokenGuess(caller.address), () =>
    engine.resetPassword(token, password),
  )
  const verified = 'UPDATE {people} SET email_verified = 1 WHERE id = ?'
  await peopleSql(deps.store.accounts)(verified, person_id)
  await recordOwnSignOut('person.password_reset', { person_id, email }, {}, caller, deps)
  await createKeptOrganization({ person_id, email }, caller, deps)
}
