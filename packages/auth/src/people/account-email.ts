/** E-mail addresses, as accounts have them. */

import { PeopleError } from './people-error.ts'

/** RFC 5321 §4.5.3.1. */
const MAX_LENGTH = 254
/** What better-auth accepts: the usual addresses in ASCII. */
const EMAIL = /^(?!\.)(?!.*\.\.)([a-z0-9_'+\-.]*)[a-z0-9_+-]@([a-z0-9][a-z0-9-]*\.)+[a-z]{2,}$/

/** For comparisons with stored addresses, which are valid. */
export function normalizeEmail(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .slice(0, MAX_LENGTH + 1)
}

/** @param email normalized. Only a message to it shows whether it exists. */
export function isEmail(email: string): boolean {
  return email.length <= MAX_LENGTH && EMAIL.test(email)
}

/** @throws PeopleError `invalid_input`. */
export function parseEmail(text: string): string {
  const email = normalizeEmail(text)
  if (isEmail(email)) return email
  throw new PeopleError('invalid_input', 'email must be an address such as name@example.com')
}
