/**
 * Decides whether a person with a session may still administer. The check runs when a request's
 * head arrives, when its body is complete, and in the store, in the unit of each change.
 *
 * Pure: the session, the person's state and the time are arguments.
 */

import type { Environment } from '@modulariot/oauth/protocol'
import type { AdminScope } from '../admin/scopes.ts'
import { AdminError } from '../errors/admin-error.ts'
import type { PersonKey, PersonState, Role } from '../records/member.ts'
import type { PersonAuthority } from '../store/ports/audited-change.ts'
import { scopesOf } from './roles.ts'

/** What the decision needs of a request to the admin API, once its cookie has been verified. */
export interface PersonRequest {
  readonly key: PersonKey
  readonly environment: Environment
  /** The scope that the route needs. */
  readonly scope: AdminScope
}

/** What the request was allowed with. */
export interface Judged {
  readonly role: Role
  readonly scopes: readonly AdminScope[]
}

/**
 * @param state the person as it is now.
 * @param nowMs Unix milliseconds.
 * @throws AdminError `unauthenticated` (401), `forbidden` (403), `insufficient_scope` (403).
 */
export function judge(request: PersonRequest, state: PersonState, nowMs: number): Judged {
  const { person, session_expires_at: end, role } = state
  if (person === null || person.disabled || end === null || Date.parse(end) <= nowMs) {
    throw notSignedIn()
  }
  if (role === null) {
    throw new AdminError('forbidden', 'You are not a member of this organization')
  }
  const scopes = scopesOf(role, request.environment)
  assertHeld(scopes, [request.scope], role, request.environment)
  return { role, scopes }
}

/**
 * The same check, for the store's unit of change. All the scopes that the request was allowed with
 * must still be held, and an owner must still be one.
 *
 * @param now Unix milliseconds.
 */
export function personAuthorityOf(
  request: PersonRequest,
  judged: Judged,
  now: () => number,
): PersonAuthority {
  return {
    kind: 'person',
    ...request.key,
    assert: (state) => {
      const { role, scopes } = judge(request, state, now())
      assertHeld(scopes, judged.scopes, role, request.environment)
      if (judged.role === 'owner' && role !== 'owner') {
        throw new AdminError('forbidden', 'You are no longer an owner of this organization')
      }
    },
  }
}

export function notSignedIn(): AdminError {
  return new AdminError('unauthenticated', 'Sign in first')
}

function assertHeld(
  held: readonly AdminScope[],
  needed: readonly AdminScope[],
  role: Role,
  environment: Environment,
): void {
  const scope = needed.find((name) => !held.includes(name))
  if (scope === undefined) return
  throw new AdminError(
    'insufficient_scope',
    `The scope ${scope} is required; the role ${role} does not have it in ${environment}`,
  )
}
