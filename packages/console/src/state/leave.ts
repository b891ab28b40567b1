/** What happens when the server no longer knows the session. */

import type { QueryClient } from '@tanstack/react-query'
import { forgetSession } from './session.ts'

/** Of the router, what is needed here. */
export interface Ways {
  readonly state: { readonly location: { readonly href: string; readonly pathname: string } }
  navigate(to: { to: '/sign-in'; search: { next: string } }): Promise<void>
}

/** To the sign-in, and from there back. Everything that was read with the session is forgotten. */
export async function leave(router: Ways, queries: QueryClient): Promise<void> {
  const { href, pathname } = router.state.location
  if (pathname === '/sign-in') return
  await router.navigate({ to: '/sign-in', search: { next: href } })
  // The page stays where secrets are not saved yet. It needs the session as long as it is drawn.
  if (router.state.location.pathname === '/sign-in') forgetSession(queries)
}
