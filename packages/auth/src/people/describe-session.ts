/** A session as its person's pages see it: who it is, and what it may do where. */

import type { PeopleDeps } from './deps.ts'
import { scopesOf } from './roles.ts'
import type { OwnSession } from './sessions.ts'

export async function describeSession(session: OwnSession, { store }: PeopleDeps) {
  const { person_id, email, name, two_factor_enabled, email_verified, expires_at } = session
  const memberships = await store.listMemberships(person_id)
  return {
    person: { person_id, email, name, two_factor_enabled, email_verified },
    organizations: memberships.map(({ org_id, name, role }) => ({
      ...{ org_id, name, role },
      scopes: {
        development: scopesOf(role, 'development'),
        production: scopesOf(role, 'production'),
      },
    })),
    expires_at,
  }
}
