/** Organization, environment, pages, and the person. */

import { Link, useNavigate, useParams } from '@tanstack/react-router'
import {
  Activity,
  Boxes,
  Building2,
  ChevronsUpDown,
  FlaskConical,
  History,
  KeyRound,
  Languages,
  LogOut,
  type LucideIcon,
  MapPinned,
  Plus,
  Rocket,
  Search,
  UserRound,
  Users,
} from 'lucide-react'
import { people } from '../api/people.ts'
import { ENVIRONMENTS, homeOf, useForgetSession, useSession } from '../state/session.ts'
import { chooseLanguage, language, t } from '../texts/index.ts'
import { classes } from '../ui/classes.ts'
import { Logo } from '../ui/logo.tsx'
import { Menu, MenuItem, MenuLabel, MenuLine } from '../ui/menu.tsx'

export function Sidebar({ onSearch }: { readonly onSearch: () => void }) {
  const session = useSession()
  const params = useParams({ strict: false })
  const home = homeOf(session)
  const org = params.org ?? home?.org_id
  const environment = params.environment ?? home?.environment ?? 'development'
  return (
    <div className="flex h-full flex-col">
      <div className="flex items-center gap-2 px-4 pt-4 pb-3">
        <Logo className="size-6" />
        <span className="font-semibold tracking-tight">ModularIoT</span>
      </div>
      {org !== undefined && (
        <>
          <div className="flex flex-col gap-2 px-3">
            <OrganizationMenu org={org} environment={environment} />
            <EnvironmentSwitch org={org} environment={environment} />
            <button
              type="button"
              onClick={onSearch}
              className="hidden h-8 items-center gap-2 rounded-md border border-line px-2.5 text-[0.8125rem] text-muted hover:bg-hover md:flex"
            >
              <Search aria-hidden className="size-3.5" />
              <span className="flex-1 text-left">{t.shell.searchShort}</span>
              <kbd className="font-mono text-[0.6875rem]">Ctrl K</kbd>
            </button>
          </div>
          <nav aria-label={t.shell.pages} className="mt-4 flex flex-col gap-0.5 px-3">
            <Page to="/$org/$environment/start" icon={Rocket} {...{ org, environment }}>
              {t.nav.start}
            </Page>
            <Page to="/$org/$environment/applications" icon={Boxes} {...{ org, environment }}>
              {t.nav.applications}
            </Page>
            <Page to="/$org/$environment/assets" icon={MapPinned} {...{ org, environment }}>
              {t.nav.assets}
            </Page>
            <Page to="/$org/$environment/activity" icon={Activity} {...{ org, environment }}>
              {t.nav.activity}
            </Page>
            <Page to="/$org/$environment/token-lab" icon={FlaskConical} {...{ org, environment }}>
              {t.nav.tokenLab}
            </Page>
            <Page to="/$org/$environment/keys" icon={KeyRound} {...{ org, environment }}>
              {t.nav.keys}
            </Page>
            <Page to="/$org/$environment/members" icon={Users} {...{ org, environment }}>
              {t.nav.members}
            </Page>
            <Page to="/$org/$environment/trail" icon={History} {...{ org, environment }}>
              {t.nav.trail}
            </Page>
          </nav>
        </>
      )}
      <PersonMenu />
    </div>
  )
}

interface PlaceProps {
  readonly org: string
  readonly environment: string
}

type PagePath =
  | '/$org/$environment/start'
  | '/$org/$environment/applications'
  | '/$org/$environment/assets'
  | '/$org/$environment/activity'
  | '/$org/$environment/token-lab'
  | '/$org/$environment/trail'
  | '/$org/$environment/keys'
  | '/$org/$environment/members'

function Page(
  props: PlaceProps & {
    readonly to: PagePath
    readonly icon: LucideIcon
    readonly children: string
  },
) {
  const { to, org, environment, icon: Icon, children } = props
  return (
    <Link
      to={to}
      params={{ org, environment }}
      className="flex h-8 items-center gap-2.5 rounded-md px-2.5 text-muted hover:bg-hover hover:text-text"
      activeProps={{ className: 'bg-accent-soft font-medium text-accent!' }}
    >
      <Icon aria-hidden className="size-4" />
      {children}
    </Link>
  )
}

const TRIGGER =
  'flex w-full items-center gap-2 rounded-md border border-line bg-panel px-2.5 text-left hover:bg-hover'

function OrganizationMenu({ org, environment }: PlaceProps) {
  const session = useSession()
  const navigate = useNavigate()
  const current = session.organizations.find(({ org_id }) => org_id === org)
  return (
    <Menu
      align="start"
      trigger={
        <button type="button" className={classes(TRIGGER, 'h-10')}>
          <Building2 aria-hidden className="size-4 shrink-0 text-muted" />
          <span className="min-w-0 flex-1 truncate font-medium">{current?.name ?? org}</span>
          <span className="sr-only">{t.shell.organization}</span>
          <ChevronsUpDown aria-hidden className="size-3.5 shrink-0 text-muted" />
        </button>
      }
    >
      <MenuLabel>{t.shell.organization}</MenuLabel>
      {session.organizations.map(({ org_id, name, role }) => (
        <MenuItem
          key={org_id}
          onSelect={() =>
            void navigate({
              to: '/$org/$environment/applications',
              params: { org: org_id, environment },
            })
          }
        >
          <span className={classes('flex-1', org_id === org && 'font-medium text-accent')}>
            {name}
          </span>
          <span className="text-xs text-muted">{t.roles.names[role]}</span>
        </MenuItem>
      ))}
      <MenuLine />
      <MenuItem
        onSelect={() => void navigate({ to: '/account', search: { dialog: 'new-organization' } })}
      >
        <Plus aria-hidden className="size-4 text-muted" />
        {t.organizations.create}
      </MenuItem>
    </Menu>
  )
}

/** The page stays; an application's page leads to the list, since it belongs to one environment. */
function EnvironmentSwitch({ org, environment }: PlaceProps) {
  return (
    <fieldset
      aria-label={t.shell.environment}
      className="grid grid-cols-2 gap-0.5 rounded-md border border-line bg-sunken p-0.5"
    >
      {ENVIRONMENTS.map((name) => {
        const active = name === environment
        return (
          <Link
            key={name}
            to="/$org/$environment/applications"
            params={{ org, environment: name }}
            aria-current={active ? 'true' : undefined}
            className={classes(
              'flex h-7 items-center justify-center gap-1.5 rounded text-xs font-medium',
              active && name === 'production' && 'bg-[#9a4b00] text-white',
              active && name === 'development' && 'bg-raised text-text shadow-panel',
              !active && 'text-muted hover:text-text',
            )}
          >
            {t.environments[name]}
          </Link>
        )
      })}
    </fieldset>
  )
}

function PersonMenu() {
  const { person } = useSession()
  const navigate = useNavigate()
  const forget = useForgetSession()
  const signOut = async (): Promise<void> => {
    await people.signOut().catch(() => {})
    await navigate({ to: '/sign-in' })
    forget()
  }
  return (
    <div className="mt-auto border-t border-line p-3">
      <Menu
        align="start"
        trigger={
          <button
            type="button"
            className="flex w-full items-center gap-2.5 rounded-md px-2 py-1.5 text-left hover:bg-hover"
          >
            <span
              aria-hidden
              className="grid size-7 shrink-0 place-items-center rounded-full bg-accent-soft text-xs font-semibold text-accent"
            >
              {initials(person.name || person.email)}
            </span>
            <span className="min-w-0 flex-1">
              <span className="block truncate text-[0.8125rem] font-medium">{person.name}</span>
              <span className="block truncate text-xs text-muted">{person.email}</span>
            </span>
            <span className="sr-only">{t.shell.person}</span>
            <ChevronsUpDown aria-hidden className="size-3.5 shrink-0 text-muted" />
          </button>
        }
      >
        <MenuItem onSelect={() => void navigate({ to: '/account' })}>
          <UserRound aria-hidden className="size-4 text-muted" />
          {t.nav.account}
        </MenuItem>
        <MenuItem onSelect={() => chooseLanguage(language === 'es' ? 'en' : 'es')}>
          <Languages aria-hidden className="size-4 text-muted" />
          {t.shell.otherLanguage}
        </MenuItem>
        <MenuLine />
        <MenuItem onSelect={() => void signOut()}>
          <LogOut aria-hidden className="size-4 text-muted" />
          {t.shell.signOut}
        </MenuItem>
      </Menu>
    </div>
  )
}

function initials(name: string): string {
  const words = name.split(/[\s@.]+/).filter(Boolean)
  return words
    .slice(0, 2)
    .map((word) => word.charAt(0).toUpperCase())
    .join('')
}
