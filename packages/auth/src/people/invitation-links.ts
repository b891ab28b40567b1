/** What the holder of an invitation's link may do: see it, and accept it. */

import type { Caller, PeopleDeps } from './deps.ts'
import { acceptInvitation, findInvitation } from './membership.ts'
import { tokenGuess } from './people-limits.ts'
import type { OwnSession } from './sessions.ts'

/** @throws PeopleError `invitation_ended`. */
export async function lookUpInvitation(token: string, caller: Caller, deps: PeopleDeps) {
  const offer = await deps.limits.guess(tokenGuess(caller.address), () =>
    findInvitation(token, null, caller, deps),
  )
  const { organization_name, email, role, expires_at } = offer
  return { organization_name, email, role, expires_at }
}

/** @throws PeopleError `invitation_ended`, also for another address; AdminError `conflict`. */
export async function acceptForSession(
  token: string,
  session: OwnSession,
  caller: Caller,
  deps: PeopleDeps,
): Promise<void> {
  await deps.limits.guess(tokenGuess(caller.address), () =>
    acceptInvitation(token, session, caller, deps),
  )
}
