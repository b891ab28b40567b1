/** Every route of the page. Pages are loaded when they are first opened. */

import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import type { AssetSearch } from './pages/assets/asset.tsx'
import type { AssetFilters } from './pages/assets/list.tsx'
import { PERIODS } from './refusals/queries.ts'
import type { ActivitySearch } from './refusals/rows.tsx'
import { NEEDS } from './state/needs.ts'
import type { ClientFilters } from './state/queries.ts'
import { homeOf, sessionQuery } from './state/session.ts'
import { Crashed, NotFound } from './ui/crashed.tsx'

interface Context {
  readonly queries: QueryClient
}

const root = createRootRouteWithContext<Context>()({
  component: Outlet,
  notFoundComponent: NotFound,
  errorComponent: Crashed,
})

const index = createRoute({
  getParentRoute: () => root,
  path: '/',
  async beforeLoad({ context }) {
    const session = await context.queries.ensureQueryData(sessionQuery)
    if (session === null) throw redirect({ to: '/sign-in' })
    const place = homeOf(session)
    if (place === null) throw redirect({ to: '/account' })
    const { org_id: org, environment } = place
    throw redirect({ to: '/$org/$environment/applications', params: { org, environment } })
  },
})

/** Where to go after the sign-in: a path of this page. */
interface Next {
  readonly next?: string | undefined
}

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search): Next =>
    typeof search.next === 'string' && /^\/(?![/\\])/.test(search.next)
      ? { next: search.next }
      : {},
  component: lazyRouteComponent(() => import('./pages/entry/sign-in.tsx'), 'SignIn'),
})

const simple = <Path extends string, Name extends string>(
  path: Path,
  load: () => Promise<Record<Name, React.ComponentType>>,
  name: Name,
) =>
  createRoute({
    getParentRoute: () => root,
    path,
    component: lazyRouteComponent(load as never, name as never),
  })

const signUp = simple('/sign-up', () => import('./pages/entry/sign-up.tsx'), 'SignUp')
const invitation = simple('/invitation', () => import('./pages/entry/invitation.tsx'), 'Invitation')
const reset = simple('/reset-password', () => import('./pages/entry/reset.tsx'), 'ResetPassword')
const verify = simple('/verify-email', () => import('./pages/entry/verify.tsx'), 'VerifyEmail')

const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'signed-in',
  async beforeLoad({ context, location }) {
    const session = await context.queries.ensureQueryData(sessionQuery)
    if (session === null) throw redirect({ to: '/sign-in', search: { next: location.href } })
  },
  component: lazyRouteComponent(() => import('./shell/frame.tsx'), 'Frame'),
  errorComponent: Crashed,
})

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== ''
    ? value
    : typeof value === 'number'
      ? String(value)
      : undefined

/** The dialog that is open. */
const dialogOf = (search: Record<string, unknown>): { dialog?: string | undefined } => ({
  dialog: text(search.dialog),
})

const account = createRoute({
  getParentRoute: () => signedIn,
  path: '/account',
  validateSearch: dialogOf,
  component: lazyRouteComponent(() => import('./pages/account/account.tsx'), 'Account'),
})

const place = createRoute({
  getParentRoute: () => signedIn,
  path: '/$org/$environment',
  beforeLoad({ params: { org, environment } }) {
    if (environment !== 'development' && environment !== 'production') {
      throw redirect({ to: '/' })
    }
    localStorage.setItem('miot.place', `${org} ${environment}`)
  },
})

const start = createRoute({
  getParentRoute: () => place,
  path: '/start',
  component: lazyRouteComponent(() => import('./pages/start/start.tsx'), 'Start'),
})

const applications = createRoute({
  getParentRoute: () => place,
  path: '/applications',
  validateSearch: (search): ClientFilters & { create?: true | undefined } => ({
    search: text(search.search),
    tag: text(search.tag),
    status: (['active', 'disabled'] as const).find((one) => one === search.status),
    used: (['never', 'idle'] as const).find((one) => one === search.used),
    needs: NEEDS.find((one) => one === search.needs),
    create: search.create === true ? true : undefined,
  }),
  component: lazyRouteComponent(() => import('./pages/applications/list.tsx'), 'Applications'),
})

const importApplications = createRoute({
  getParentRoute: () => place,
  path: '/applications/import',
  component: lazyRouteComponent(() => import('./pages/import/import.tsx'), 'Import'),
})

const application = createRoute({
  getParentRoute: () => place,
  path: '/applications/$client_id',
  validateSearch: dialogOf,
  component: lazyRouteComponent(() => import('./pages/application/application.tsx'), 'Application'),
})

const members = createRoute({
  getParentRoute: () => place,
  path: '/members',
  validateSearch: dialogOf,
  component: lazyRouteComponent(() => import('./pages/members/members.tsx'), 'Members'),
})

const keys = createRoute({
  getParentRoute: () => place,
  path: '/keys',
  component: lazyRouteComponent(() => import('./pages/keys/keys.tsx'), 'Keys'),
})

const activity = createRoute({
  getParentRoute: () => place,
  path: '/activity',
  validateSearch: (search): ActivitySearch => ({
    period: PERIODS.find((one) => one === search.period),
    kind: text(search.kind),
    client: text(search.client),
    refusal: text(search.refusal),
  }),
  component: lazyRouteComponent(
    () => import('./pages/activity-overview/overview.tsx'),
    'ActivityOverview',
  ),
})

const tokenLab = createRoute({
  getParentRoute: () => place,
  path: '/token-lab',
  component: lazyRouteComponent(() => import('./pages/token-lab/token-lab.tsx'), 'TokenLab'),
})

const trail = createRoute({
  getParentRoute: () => place,
  path: '/trail',
  validateSearch: (search): { target?: string | undefined; action?: string | undefined } => ({
    target: text(search.target),
    action: text(search.action),
  }),
  component: lazyRouteComponent(() => import('./pages/activity/activity.tsx'), 'Activity'),
})

const assets = createRoute({
  getParentRoute: () => place,
  path: '/assets',
  validateSearch: (search): AssetFilters => ({
    search: text(search.search),
    age: (['now', 'hour', 'day', 'silent'] as const).find((one) => one === search.age),
    sort: search.sort === 'newest' ? 'newest' : undefined,
  }),
  component: lazyRouteComponent(() => import('./pages/assets/list.tsx'), 'Assets'),
})

const asset = createRoute({
  getParentRoute: () => place,
  path: '/assets/$asset_id',
  validateSearch: (search): AssetSearch => ({
    period: (['24h', '7d', '30d'] as const).find((one) => one === search.period),
    from: text(search.from),
    to: text(search.to),
    metrics: typeof search.metrics === 'string' ? search.metrics : undefined,
    dialog: (['export', 'erase'] as const).find((one) => one === search.dialog),
  }),
  component: lazyRouteComponent(() => import('./pages/assets/asset.tsx'), 'Asset'),
})

const tree = root.addChildren([
  index,
  signIn,
  signUp,
  invitation,
  reset,
  verify,
  signedIn.addChildren([
    account,
    place.addChildren([
      start,
      applications,
      importApplications,
      application,
      members,
      keys,
      activity,
      tokenLab,
      trail,
      assets,
      asset,
    ]),
  ]),
])

export function createConsoleRouter(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    basepath: '/console',
    context: { queries },
    defaultPreload: 'intent',
    scrollRestoration: false,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>
  }
}
