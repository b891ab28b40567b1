/** What a new password has to be (NIST SP 800-63B-4 §3.1.1.2): long, and not the obvious one. */

import { PeopleError } from './people-error.ts'

/** In code points. */
export const PASSWORD_LENGTH = { min: 12, max: 128 } as const

/** @throws PeopleError `password_too_short`, `password_too_long`, `password_guessable`. */
export function assertPassword(password: string, email: string | null): void {
  const { length } = [...password]
  if (length < PASSWORD_LENGTH.min) throw new PeopleError('password_too_short')
  if (length > PASSWORD_LENGTH.max) throw new PeopleError('password_too_long')
  const plain = password.toLowerCase()
  const common = COMMON.some((start) => isRepetition(plain, start))
  if (plain === email || common) throw new PeopleError('password_guessable')
}

/** `passwordpass`, `123123123123`: a common word again and again. */
function isRepetition(password: string, word: string): boolean {
  return word.repeat(Math.ceil(password.length / word.length)).startsWith(password)
}

/** Long ones of the usual lists of common passwords, or what they repeat. */
const COMMON = [
  ...['0123456789', '1234567890', '123', '1234', '12345', '123456', '111111', '000000', '121212'],
  ...['password', 'password1', 'password12', 'password123', 'password1234', 'password12345'],
  ...['qwerty', 'qwertyuiop', 'qwerty123456', 'qwertyuiop123', '1q2w3e4r5t6y', '1qaz2wsx3edc'],
  ...['abc', 'abcdefghijkl', 'abcdefghijklmnopqrstuvwxyz', 'abc123', 'iloveyou', 'iloveyou1234'],
  ...['administrator', 'admin', 'adminadmin', 'welcome', 'welcome12345', 'changeme', 'letmein'],
  ...['contraseña', 'contrasena', 'modulariot', 'unknown', 'secret', 'passwort', 'aaa'],
]
