/** Who is signed in, and what they may do where the page is. */

import {
  type QueryClient,
  queryOptions,
  useQueryClient,
  useSuspenseQuery,
} from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useMemo } from 'react'
import { type Admin, adminOf, type Place } from '../api/admin.ts'
import { type Environment, type Membership, people, type Session } from '../api/people.ts'
import { Refusal } from '../api/refusal.ts'
import { forgetTokens } from '../api/telemetry.ts'
import { t } from '../texts/index.ts'

export const ENVIRONMENTS: readonly Environment[] = ['development', 'production']

/** Null: signed out. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async (): Promise<Session | null> => {
    try {
      return await people.session()
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) return null
      throw error
    }
  },
  staleTime: 60_000,
})

/** Below the routes that need a session. */
export function useSession(): Session {
  const { data } = useSuspenseQuery(sessionQuery)
  if (data === null) throw new Error('signed out')
  return data
}

/** Takes over a session that an answer has brought. */
export function useAdoptSession(): (session: Session) => void {
  const client = useQueryClient()
  return (session) => {
    forgetTokens()
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' })
    client.setQueryData(sessionQuery.queryKey, session)
  }
}

/** Forgets everything that was read with the session, and the tokens that it was given. */
export function forgetSession(client: QueryClient): void {
  forgetTokens()
  client.clear()
  client.setQueryData(sessionQuery.queryKey, null)
}

export function useForgetSession(): () => void {
  const client = useQueryClient()
  return () => forgetSession(client)
}

/** Where a person lands: the place used last in this browser, else the first organization. */
export function homeOf(session: Session): Place | null {
  const [first] = session.organizations
  const last = localStorage.getItem('miot.place')?.split(' ') ?? []
  const known = session.organizations.find(({ org_id }) => org_id === last[0]) ?? first
  if (known === undefined) return null
  const environment = ENVIRONMENTS.find((name) => name === last[1]) ?? 'development'
  return { org_id: known.org_id, environment }
}

export interface Here extends Place {
  readonly membership: Membership
  readonly admin: Admin
  /** Null when the role allows the scope here, else why not. */
  readonly refusal: (scope: string) => string | null
}

/** Below `/$org/$environment`. */
export function useHere(): Here {
  const params = useParams({ strict: false })
  const session = useSession()
  const org_id = params.org ?? ''
  const environment = (params.environment ?? 'development') as Environment
  return useMemo(() => {
    const membership = session.organizations.find((one) => one.org_id === org_id)
    if (membership === undefined)
      throw new Refusal(404, 'not_found', t.failures.noOrganization, null, null)
    const scopes = membership.scopes[environment]
    return {
      org_id,
      environment,
      membership,
      admin: adminOf({ org_id, environment }),
      refusal: (scope) =>
        scopes.includes(scope)
          ? null
          : t.roles.refused(t.roles.names[membership.role], t.environments[environment]),
    }
  }, [session, org_id, environment])
}
