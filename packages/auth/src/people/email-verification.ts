/** Verifies addresses by a link in a message. */

import { isEmail, normalizeEmail } from './account-email.ts'
import type { Caller, PeopleDeps } from './deps.ts'
import { createKeptOrganization } from './kept-organization.ts'
import { linkOf, verificationMessage } from './messages.ts'
import { accountGuess, messageFrom } from './people-limits.ts'
import { queueMail } from './queue-mail.ts'
import { peopleSql } from './sql.ts'
import { inSteadyTime } from './steady-time.ts'

/** Sends the link, if an account has this normalized address and it is not verified. */
export async function sendVerification(email: string, deps: PeopleDeps): Promise<void> {
  const engine = await deps.accounts()
  const compose = async () => {
    const issued = await engine.issueVerification(email)
    return issued && verificationMessage(linkOf(deps.issuer, 'verification', issued.token))
  }
  await queueMail(email, compose, deps)
}

/** Answers the same, in the same time, whether there is an account or not. */
export async function requestVerification(
  entered: string,
  caller: Caller,
  deps: PeopleDeps,
): Promise<void> {
  const asked = messageFrom(caller.address)
  deps.limits.assertWithin(...asked)
  deps.limits.spend(...asked)
  if (deps.mailer === null) return
  const email = normalizeEmail(entered)
  await inSteadyTime(async () => {
    if (isEmail(email)) await sendVerification(email, deps)
  })
}

/**
 * Verifies the address, and creates the organization of a person who signed up for one.
 *
 * The link proves the address, and the password that the account is of the same person: a stranger
 * may have signed up with the address first.
 *
 * @returns the token of a session; null: the person has a second factor, and has to sign in.
 * @throws PeopleError `invalid_token`, also when the link was used before;
 *   `wrong_account_password`, and the link stays good.
 */
export async function verifyEmail(
  { token, password }: { token: string; password: string },
  caller: Caller,
  deps: PeopleDeps,
): Promise<string | null> {
  const engine = await deps.accounts()
  const guess = accountGuess(addressIn(token), caller.address)
  const { id: person_id, email } = await deps.limits.guess(guess, () =>
    engine.verifyEmail(token, password),
  )
  const person = { person_id, email }
  await createKeptOrganization(person, caller, deps)
  const find = 'SELECT two_factor_enabled FROM {people} WHERE id = ?'
  const { rows } = await peopleSql(deps.store.accounts)(find, person_id)
  if (rows[0]?.two_factor_enabled === 1) return null
  return engine.createSession(person_id, caller)
}

/** Of a token (a JWT) that is not verified yet: only for counting guesses as signing in does. */
function addressIn(token: string): string {
  try {
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
    return normalizeEmail(String((JSON.parse(payload) as { email?: unknown }).email))
  } catch {
    return ''
  }
}
