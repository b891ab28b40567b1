/** The second factor of a person: codes of an app (TOTP, RFC 6238), and codes for its loss. */

import type { Caller, PeopleDeps } from './deps.ts'
import { hashesFor } from './passwords.ts'
import { PeopleError } from './people-error.ts'
import { accountGuess } from './people-limits.ts'
import { recordOwnChange } from './record-own-change.ts'
import type { OwnSession } from './sessions.ts'
import { peopleSql } from './sql.ts'
import { useOnce } from './used-codes.ts'

export interface NewTwoFactor {
  readonly totp_uri: string
  readonly backup_codes: readonly string[]
}

/** Not on before `confirmTwoFactor`. @throws PeopleError `wrong_password`, `two_factor_on`. */
export async function startTwoFactor(
  password: string,
  session: OwnSession,
  caller: Caller,
  { accounts, limits }: PeopleDeps,
): Promise<NewTwoFactor> {
  if (session.two_factor_enabled) throw new PeopleError('two_factor_on')
  const engine = await accounts()
  return limits.guess(accountGuess(session.person_id, caller.address), () =>
    hashesFor(session.person_id, () => engine.startTwoFactor(session.token, password)),
  )
}

/** @returns the token of a new session. @throws PeopleError `invalid_code`, `two_factor_off`. */
export async function confirmTwoFactor(
  code: string,
  session: OwnSession,
  caller: Caller,
  deps: PeopleDeps,
): Promise<string> {
  if (session.two_factor_enabled) throw new PeopleError('two_factor_on')
  const { person_id } = session
  const engine = await deps.accounts()
  const codes = { sql: peopleSql(deps.store.accounts), now: deps.now }
  const token = await deps.limits.guess(accountGuess(person_id, caller.address), () =>
    useOnce({ person_id, code }, codes, () => engine.confirmTwoFactor(session.token, code, caller)),
  )
  await recordOwnChange('person.second_factor_added', session, caller, deps)
  return token
}

/** @returns the token of a new session. @throws PeopleError `wrong_password`, `two_factor_off`. */
export async function endTwoFactor(
  password: string,
  session: OwnSession,
  caller: Caller,
  deps: PeopleDeps,
): Promise<string> {
  if (!session.two_factor_enabled) throw new PeopleError('two_factor_off')
  const engine = await deps.accounts()
  const token = await deps.limits.guess(accountGuess(session.person_id, caller.address), () =>
    hashesFor(session.person_id, () => engine.endTwoFactor(session.token, password, caller)),
  )
  await recordOwnChange('person.second_factor_removed', session, caller, deps)
  return token
}
